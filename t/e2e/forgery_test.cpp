// What someone who can write to a store can make of sealed values: nothing that
// resumes, and nothing that harms a handshake.

#include "sessions/value.hpp"
#include "support/key_files.hpp"
#include "support/node.hpp"
#include "support/sealing.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <functional>

using namespace support;
using session_cache::seal_head;
using session_cache::seal_tail;
using session_cache::SealingKey;

namespace {

const char* const not_sealed = "not sealed";
const char* const unknown_key = "sealed with an unknown key";
const char* const forged = "forged or damaged";
const char* const other_context = "another session ID context";

Session parse(const std::string& der) {
    const auto* at = bytes_of(der).data();
    return {d2i_SSL_SESSION(nullptr, &at, std::ssize(der)), SSL_SESSION_free};
}

// The session as nodes without a key store it.
std::string unsealed(const Session& session) {
    session_cache::SecretBytes value;
    REQUIRE(session_cache::encode(session.get(), {}, value));
    return std::string(value.view());
}

// The value of a session in the store, and everything that helps to make
// another one of it: forgers know everything except the key.
struct Stored {
    std::string value;
    std::string another;  // of another session
    std::string der;
    std::string id;
    std::string context;
    SealingKey key;

    // Correct in everything that the arguments do not change.
    std::string sealed_with(const SealingKey& other) const {
        return sealed(other, {bytes_of(id), bytes_of(context)}, der);
    }
    std::string sealed_for(const std::string& other_id,
                           const std::string& other_context) const {
        return sealed(key, {bytes_of(other_id), bytes_of(other_context)}, der);
    }
};

// Two nodes with the same key and one without any, on one store.
struct Scene {
    explicit Scene(StoreServer& server)
        : store(server),
          fleet(server, {}, "timeout=60s" + files.parameters("k")),
          bare(directive(server), {}) {
        REQUIRE(bare.connected());
    }

    Session make(const TlsOptions& options) {
        auto session = fleet.a.get(options).session();
        const auto name = KeyFiles::name('k', session);
        REQUIRE(eventually([&] { return store.exists(name); }));
        return session;
    }

    Session make_bare(const TlsOptions& options) {
        auto session = bare.get(options).session();
        REQUIRE(wait_stored(store, session));
        return session;
    }

    // The context that all three give to their sessions.
    std::string context() {
        const auto session = make_bare(tls12());
        const auto value = store.get("ngx_ssl:" + session_id(session)).value();
        const auto parsed = parse(value.substr(1));
        unsigned size = 0;
        const auto* bytes = SSL_SESSION_get0_id_context(parsed.get(), &size);
        return {reinterpret_cast<const char*>(bytes), size};
    }

    // What is stored for `session`, and for a second one with its options.
    Stored stored(const Session& session, const TlsOptions& options) {
        Stored result{.value = store.get(KeyFiles::name('k', session)).value(),
                      .another =
                          store.get(KeyFiles::name('k', make(options))).value(),
                      .der = {},
                      .id = raw_session_id(session),
                      .context = context(),
                      .key = KeyFiles::key('k')};
        session_cache::SecretBytes opened;
        session_cache::SealingKeys keys;
        keys.push_back(KeyFiles::key('k'));
        REQUIRE(unseal(keys, {bytes_of(result.id), bytes_of(result.context)},
                       result.value, opened) == session_cache::Refusal::none);
        result.der = opened.view();
        return result;
    }

    // A client offers the session of `options` while the store has `value`
    // for it. It is served after a full handshake, and `node` counts the
    // `reason`.
    void offer(const Node& node, const TlsOptions& options,
               const std::string& name, const std::string& value,
               const std::string& reason) const {
        store.set(name, value);
        const auto told = node.refused(reason);
        const auto visit = node.get(options);
        CHECK_FALSE(visit.reused);
        CHECK(visit.version == options.max_version);
        CHECK_FALSE(visit.body().empty());
        CHECK(node.refused(reason) == told + 1);
    }

    StoreServer& store;
    KeyFiles files;
    Fleet fleet;
    Node bare;
};

struct Attack {
    const char* name;
    const char* reason;
    std::function<std::string(const Stored&)> make;
};

const Attack attacks[] = {
    {"empty", not_sealed, [](auto&) { return ""; }},
    {"a format byte alone", not_sealed,
     [](auto& s) { return s.value.substr(0, 1); }},
    {"garbage", not_sealed, [](auto&) { return std::string(500, 'x'); }},
    {"garbage after the format byte", unknown_key,
     [](auto& s) { return s.value[0] + std::string(500, 'x'); }},
    {"garbage after the nonce", forged,
     [](auto& s) {
         return s.value.substr(0, seal_head) + std::string(500, 'x');
     }},
    {"nothing before the tag", not_sealed,
     [](auto& s) {
         return s.value.substr(0, seal_head) +
                s.value.substr(s.value.size() - seal_tail);
     }},
    {"half", forged,
     [](auto& s) { return s.value.substr(0, s.value.size() / 2); }},
    {"all but the tag", forged,
     [](auto& s) { return s.value.substr(0, s.value.size() - seal_tail); }},
    {"all but the last byte", forged,
     [](auto& s) { return s.value.substr(0, s.value.size() - 1); }},
    {"something after it", forged, [](auto& s) { return s.value + "x"; }},
    {"twice", forged, [](auto& s) { return s.value + s.value; }},
    {"too long", "too long",
     [](auto& s) { return s.value + std::string(1 << 17, 'x'); }},
    {"another session", forged, [](auto& s) { return s.another; }},
    {"another session's ciphertext", forged,
     [](auto& s) {
         return s.value.substr(0, seal_head) + s.another.substr(seal_head);
     }},
    {"a foreign key", unknown_key,
     [](auto& s) { return s.sealed_with(KeyFiles::key('x')); }},
    {"a foreign key that says it is the fleet's", forged,
     [](auto& s) {
         auto value = s.sealed_with(KeyFiles::key('x'));
         std::copy(s.key.id().begin(), s.key.id().end(), value.begin() + 1);
         return value;
     }},
    {"sealed for another session ID", forged,
     [](auto& s) { return s.sealed_for(std::string(32, 'x'), s.context); }},
    {"sealed for another context", other_context,
     [](auto& s) { return s.sealed_for(s.id, std::string(32, 'x')); }},
    {"sealed for no context", other_context,
     [](auto& s) { return s.sealed_for(s.id, ""); }},
    {"not sealed", not_sealed, [](auto& s) { return unsealed(parse(s.der)); }},
    {"not sealed, with a sealed one's format byte", unknown_key,
     [](auto& s) { return s.value[0] + unsealed(parse(s.der)).substr(1); }},
    {"the DER alone", not_sealed, [](auto& s) { return s.der; }},
};

// Why unseal() refuses a value with this byte changed.
std::string reason_at(std::size_t at) {
    return at == 0                        ? not_sealed
           : at <= sizeof(SealingKey::Id) ? unknown_key
                                          : forged;
}

}  // namespace

STORE_TEST_CASE("attack: forged values never resume, and harm no handshake") {
    Server store;
    Scene x(store);
    const Node& node = x.fleet.b;
    for (auto options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        const auto session = x.make(options);
        const auto stored = x.stored(session, options);
        const auto name = KeyFiles::name('k', session);
        options.session = session;
        for (const auto& attack : attacks) {
            CAPTURE(std::string(attack.name));
            x.offer(node, options, name, attack.make(stored), attack.reason);
            // With the right value it resumes, on the same worker.
            store.set(name, stored.value);
            CHECK(node.get(options).reused);
        }
        // Values that sealed_for() makes resume if they are right. So it
        // was the forgery that was refused.
        store.set(name, stored.sealed_for(stored.id, stored.context));
        CHECK(node.get(options).reused);
    }
    // Each reason is logged once, however many values it concerns.
    for (const auto* reason :
         {not_sealed, unknown_key, forged, other_context, "too long"}) {
        CHECK(node.nginx().log_count("stored session is not used: " +
                                     std::string(reason)) == 1);
    }
    CHECK(node.nginx().log_count("[info]") == 5);
}

STORE_TEST_CASE("attack: a value with any byte changed never resumes") {
    Server store;
    Scene x(store);
    const Node& node = x.fleet.b;
    for (auto options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        options.session = x.make(options);
        const auto name = KeyFiles::name('k', options.session);
        const auto whole = store.get(name).value();
        for (std::size_t at = 0; at < whole.size(); ++at) {
            CAPTURE(at);
            auto value = whole;
            value[at] = static_cast<char>(value[at] ^ 1 << at % 8);
            x.offer(node, options, name, value, reason_at(at));
        }
        store.set(name, whole);
        CHECK(node.get(options).reused);
    }
}

STORE_TEST_CASE("attack: a truncated value never resumes") {
    Server store;
    Scene x(store);
    const Node& node = x.fleet.b;
    for (auto options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        options.session = x.make(options);
        const auto name = KeyFiles::name('k', options.session);
        const auto whole = store.get(name).value();
        for (std::size_t size = 0; size < whole.size(); size += 7) {
            CAPTURE(size);
            x.offer(node, options, name, whole.substr(0, size),
                    size <= seal_head + seal_tail ? not_sealed : forged);
        }
        store.set(name, whole);
        CHECK(node.get(options).reused);
    }
}

STORE_TEST_CASE("attack: a value is for the servers that made its session") {
    Server store;
    Scene x(store);
    NodeConfig config;
    config.certificate = &certificates().rsa;
    Node other(directive(store, "timeout=60s" + x.files.parameters("k")),
               config);
    REQUIRE(other.connected());
    for (auto options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        options.session = x.make(options);
        const auto name = KeyFiles::name('k', options.session);
        const auto value = store.get(name).value();
        x.offer(other, options, name, value, other_context);
        CHECK(x.fleet.b.get(options).reused);
    }
}

STORE_TEST_CASE("nodes with a key and without do not take each other's") {
    Server store;
    Scene x(store);
    const Node& node = x.fleet.b;
    for (const auto& options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        const auto own = x.make(options);
        const auto other = x.make_bare(options);
        const auto own_name = KeyFiles::name('k', own);
        const auto other_name = "ngx_ssl:" + session_id(other);
        const auto own_value = store.get(own_name).value();
        const auto other_value = store.get(other_name).value();

        auto offers_own = options, offers_other = options;
        offers_own.session = own;
        offers_other.session = other;
        // Neither node looks where the other one's session is.
        CHECK_FALSE(x.bare.get(offers_own).reused);
        CHECK_FALSE(node.get(offers_other).reused);
        // Nor does it use them where it does look.
        x.offer(x.bare, offers_own, "ngx_ssl:" + session_id(own), own_value,
                "sealed, and there is no key");
        x.offer(node, offers_other, KeyFiles::name('k', other), other_value,
                not_sealed);
        CHECK(node.get(offers_own).reused);
        CHECK(x.bare.get(offers_other).reused);
    }
}
