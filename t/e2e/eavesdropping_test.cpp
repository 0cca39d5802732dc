// What sessions in a store are worth to someone who reads it and has recorded
// the connections: everything if they are not sealed, and nothing if they are.

#include "support/decrypt.hpp"
#include "support/key_files.hpp"
#include "support/node.hpp"
#include "support/proxied.hpp"

#include <algorithm>
#include <doctest/doctest.h>

using namespace support;

namespace {

const std::string secret = "card=4111111111111111";

bool holds(const std::string& loot, const std::string& what) {
    return loot.find(what) != std::string::npos;
}

// Two nodes, and an attacker who records all connections and reads the store.
template <class Server>
struct Scene {
    Scene(bool seals, const NodeConfig& config = {})
        : is_sealed(seals),
          fleet(store, config,
                "timeout=60s" + (seals ? files.parameters("k") : "")),
          to_a(fleet.a.address()), to_b(fleet.b.address()) {}

    // The store's names and values, once these sessions are among them:
    // memcached does not list items that it is just working on.
    std::string dump(const std::vector<Session>& sessions) const {
        std::string all;
        REQUIRE(eventually([&] {
            all.clear();
            for (const auto& name : store.keys()) {
                all += name + store.get(name).value();
            }
            return std::ranges::all_of(sessions, [&](const auto& session) {
                return holds(all, name_of(session));
            });
        }));
        return all;
    }

    // All bytes that went to and from the store.
    std::string wire() const {
        std::string all;
        for (const auto& recording : store.proxy.recordings()) {
            all += recording.to_server + recording.to_client;
        }
        return all;
    }

    std::string name_of(const Session& session) const {
        return is_sealed ? KeyFiles::name('k', session)
                         : "ngx_ssl:" + session_id(session);
    }

    bool is_sealed;
    KeyFiles files;
    Proxied<Server, Wiretap> store;
    Fleet fleet;
    Wiretap to_a;
    Wiretap to_b;
};

// Sends a client's secret to a node. Returns the sessions that come back.
std::vector<Session> confide(const Wiretap& way, const TlsOptions& options) {
    TlsClient client(way.address(), options);
    client.handshake();
    CHECK(client.reused() == (options.session != nullptr));
    client.write("GET /?" + secret + " HTTP/1.0\r\n\r\n");
    CHECK(client.read_to_end().find("200 OK") != std::string::npos);
    return client.sessions();
}

// How many pieces of `what`, of eight bytes each, are in the loot.
std::size_t pieces_in(const std::string& loot, const std::string& what) {
    std::size_t count = 0;
    for (std::size_t at = 0; at + 8 <= what.size(); ++at) {
        count += holds(loot, what.substr(at, 8));
    }
    return count;
}

void check_says_all(const Recording& recording, const std::string& master) {
    const auto said = decrypt(recording, master);
    REQUIRE(said);
    CHECK(holds(said->request, secret));
    CHECK(holds(said->response, "200 OK"));
    auto other = master;
    other.back() ^= 1;
    CHECK_FALSE(decrypt(recording, other));
}

struct Suite {
    const char* name;
    const KeyPair& certificate;
};

std::vector<Suite> suites() {
    return {{"ECDHE-ECDSA-AES128-GCM-SHA256", certificates().ecdsa},
            {"ECDHE-RSA-AES128-GCM-SHA256", certificates().rsa},
            {"AES128-GCM-SHA256", certificates().rsa}};
}

template <class Server>
void eavesdrop(const Suite& suite, bool seals) {
    CAPTURE(std::string(suite.name));
    NodeConfig config;
    config.server = std::string("ssl_ciphers ") + suite.name + ";";
    config.certificate = &suite.certificate;
    Scene<Server> x(seals, config);
    const auto made = confide(x.to_a, tls12());
    REQUIRE(made.size() == 1);
    x.dump(made);  // so that the other node finds it
    confide(x.to_b, tls12(made.front()));

    const auto master = secret_of(made.front());
    for (const auto* way : {&x.to_a, &x.to_b}) {
        const auto recording = way->recordings().at(0);
        CHECK_FALSE(holds(recording.to_server, secret));
        // The master secret decrypts everything. Only without sealing does
        // the store give it away.
        check_says_all(recording, master);
        for (const auto& loot : {x.dump(made), x.wire()}) {
            const auto found = find_master_secret(recording, loot);
            CHECK(found.has_value() == !seals);
            CHECK(found.value_or(master) == master);
        }
    }
}

}  // namespace

STORE_TEST_CASE("attack: sessions that are not sealed decrypt connections") {
    for (const auto& suite : suites()) {
        eavesdrop<Server>(suite, false);
    }
}

STORE_TEST_CASE("attack: sealed sessions decrypt no connection") {
    for (const auto& suite : suites()) {
        eavesdrop<Server>(suite, true);
    }
}

STORE_TEST_CASE("attack: what a store and its wire tell of sessions") {
    for (const bool seals : {false, true}) {
        CAPTURE(seals);
        Scene<Server> x(seals);
        for (auto options : {tls12(), tls13()}) {
            CAPTURE(options.max_version);
            auto sessions = confide(x.to_a, options);
            options.session = sessions.back();
            x.dump(sessions);
            // At the other node, which makes more of them in TLS 1.3.
            for (const auto& more : confide(x.to_b, options)) {
                sessions.push_back(more);
            }
            const auto loot = x.dump(sessions) + x.wire();
            for (const auto& session : sessions) {
                const auto own = secret_of(session);
                REQUIRE(own.size() >= 32);
                CHECK(pieces_in(loot, own) == (seals ? 0 : own.size() - 7));
                CHECK(pieces_in(loot, raw_session_id(session)) ==
                      (seals ? 0 : 32 - 7));
                CHECK(holds(loot, session_id(session)) == !seals);
            }
        }
    }
}
