// What a store may hold instead of a session: each leads to a full handshake.

#include "sessions/value.hpp"
#include "support/node.hpp"

#include <doctest/doctest.h>
#include <functional>

using namespace support;

namespace {

std::string key_of(const Session& session) {
    return "ngx_ssl:" + session_id(session);
}

Session decode(const std::string& value) {
    const auto* der = reinterpret_cast<const unsigned char*>(value.data()) + 1;
    return {d2i_SSL_SESSION(nullptr, &der, std::ssize(value) - 1),
            SSL_SESSION_free};
}

// `value` with `change` applied to the session in it.
std::string edited(const std::string& value,
                   const std::function<void(SSL_SESSION*)>& change) {
    const auto session = decode(value);
    change(session.get());
    session_cache::SecretBytes bytes;
    REQUIRE(session_cache::encode(session.get(), {}, bytes));
    return std::string(bytes.view());
}

// What the store has for a session, and what it may have instead.
struct Stored {
    std::string value;
    std::string another;         // of another session, in the same protocol
    std::string other_protocol;  // of one in the other protocol
};

struct Corruption {
    const char* name;
    std::function<std::string(const Stored&)> make;
};

std::string with_id_of(const std::string& value, const std::string& model) {
    const auto other = decode(model);
    unsigned size = 0;
    const auto* id = SSL_SESSION_get_id(other.get(), &size);
    return edited(value, [&](auto* s) { SSL_SESSION_set1_id(s, id, size); });
}

const Corruption corruptions[] = {
    {"empty", [](const Stored&) { return ""; }},
    {"a format byte alone",
     [](const Stored& s) { return s.value.substr(0, 1); }},
    {"garbage", [](const Stored&) { return std::string(500, 'x'); }},
    {"garbage after the format byte",
     [](const Stored& s) { return s.value[0] + std::string(500, 'x'); }},
    {"another format",
     [](const Stored& s) {
         return std::string(1, static_cast<char>(s.value[0] + 2)) +
                s.value.substr(1);
     }},
    {"no format", [](const Stored& s) { return s.value.substr(1); }},
    {"half",
     [](const Stored& s) { return s.value.substr(0, s.value.size() / 2); }},
    {"all but the last byte",
     [](const Stored& s) { return s.value.substr(0, s.value.size() - 1); }},
    {"something after it", [](const Stored& s) { return s.value + "x"; }},
    {"too long",
     [](const Stored& s) { return s.value + std::string(1 << 19, 'x'); }},
    {"another session", [](const Stored& s) { return s.another; }},
    {"a session of the other protocol",
     [](const Stored& s) { return with_id_of(s.other_protocol, s.value); }},
    {"a session of another context",
     [](const Stored& s) {
         return edited(s.value, [](auto* session) {
             const auto* id = reinterpret_cast<const unsigned char*>("other");
             SSL_SESSION_set1_id_context(session, id, 5);
         });
     }},
    {"an expired session",
     [](const Stored& s) {
         return edited(s.value,
                       [](auto* session) { set_made_at(session, 1'000'000); });
     }},
};

// For a session `own` that was made with `options`.
Stored make_stored(Fleet& fleet, const TlsOptions& options,
                   const Session& own) {
    const auto value = [&](const Session& session) {
        return fleet.store.get(key_of(session)).value();
    };
    const bool is_tls12 = options.max_version == TLS1_2_VERSION;
    return {value(own), value(fleet.make(options)),
            value(fleet.make(is_tls12 ? tls13() : tls12()))};
}

// How many stored values were refused, for whatever reason.
std::size_t refusals(const Node& node) {
    const auto figures = node.figures();
    std::size_t sum = 0;
    for (const auto& count : figures["refused_values"]) {
        sum += count.get<std::size_t>();
    }
    return sum;
}

}  // namespace

STORE_TEST_CASE("an unusable value in the store leads to a full handshake") {
    Server store;
    Fleet fleet(store);
    for (auto options : {tls12(), tls13()}) {
        const auto session = fleet.make(options);
        const auto stored = make_stored(fleet, options, session);
        options.session = session;
        for (const auto& corruption : corruptions) {
            CAPTURE(options.max_version);
            CAPTURE(std::string(corruption.name));
            store.set(key_of(options.session), corruption.make(stored));
            const auto told = refusals(fleet.b);
            CHECK_FALSE(fleet.b.get(options).reused);
            CHECK(refusals(fleet.b) == told + 1);
            // With the right value it resumes, on the same worker.
            store.set(key_of(options.session), stored.value);
            CHECK(fleet.b.get(options).reused);
        }
    }
    CHECK(fleet.b.nginx().log_count("not used") ==
          fleet.b.nginx().log_count("[info]"));
}

STORE_TEST_CASE("an edited session that is right in everything resumes") {
    // Otherwise the test above would pass whatever the module did.
    Server store;
    Fleet fleet(store);
    for (auto options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        options.session = fleet.make(options);
        const auto key = key_of(options.session);
        store.set(key, edited(store.get(key).value(), [](auto*) {}));
        CHECK(fleet.b.get(options).reused);
    }
}

TEST_CASE("a key of another Redis type leads to full handshakes, told once") {
    RedisServer redis;
    Fleet fleet(redis);
    for (auto options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        options.session = fleet.make(options);
        redis.client().erase(key_of(options.session));
        redis.client().command({"LPUSH", key_of(options.session), "x"});
        for (int i = 0; i < 5; ++i) {
            CHECK_FALSE(fleet.b.get(options).reused);
        }
        redis.client().erase(key_of(options.session));
    }
    CHECK(fleet.b.nginx().log_count("WRONGTYPE") == 1);
    CHECK(fleet.b.get(tls12(fleet.make(tls12()))).reused);
}
