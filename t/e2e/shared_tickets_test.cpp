// tickets=shared: stateless tickets that the whole fleet can open.

#include "support/key_files.hpp"
#include "support/node.hpp"

#include <doctest/doctest.h>
#include <openssl/rand.h>

using namespace support;

namespace {

bool has_ticket(const Session& session) {
    return SSL_SESSION_has_ticket(session.get()) == 1;
}

// In TLS 1.3 what the client has for a ticket may be an ID of the store's.
bool is_stateless(const Session& session) {
    const unsigned char* ticket = nullptr;
    std::size_t length = 0;
    SSL_SESSION_get0_ticket(session.get(), &ticket, &length);
    return length > SSL_MAX_SSL_SESSION_ID_LENGTH;
}

std::string shared(const KeyFiles& keys, const std::string& letters = "a",
                   const std::string& more = "") {
    return "tickets=shared timeout=60s " + keys.parameters(letters) + ' ' +
           more;
}

std::size_t count_keys(const StoreServer& store, const std::string& kind) {
    std::size_t count = 0;
    for (const auto& key : store.keys()) {
        count += key.starts_with("ngx_ssl:" + kind) ? 1 : 0;
    }
    return count;
}

std::size_t seeds(const StoreServer& store) {
    return count_keys(store, "seed:");
}

// Besides the fleet's seeds and keys.
std::size_t sessions(const StoreServer& store) {
    std::size_t count = 0;
    for (const auto& key : store.keys()) {
        count += key.size() == std::string("ngx_ssl:").size() + 64 ? 1 : 0;
    }
    return count;
}

std::uint64_t fetches(const Node& node) {
    std::uint64_t sum = 0;
    const auto figures = node.figures();
    for (const auto& server : figures["servers"]) {
        for (const auto& count : server["fetches"]) {
            sum += count.template get<std::uint64_t>();
        }
    }
    return sum;
}

}  // namespace

STORE_TEST_CASE("shared tickets go from node to node, and nobody is asked") {
    const KeyFiles keys;
    Server store;
    Fleet fleet(store, {}, shared(keys));

    for (auto options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        options.session = fleet.a.get(options).session();
        REQUIRE(has_ticket(options.session));
        CHECK(is_stateless(options.session));
        const auto before = fetches(fleet.b);
        for (int i = 0; i < 5; ++i) {
            const auto exchange = fleet.b.get(options);
            CHECK(exchange.reused);
            if (options.max_version == TLS1_3_VERSION) {
                options.session = exchange.session();
                CHECK(is_stateless(options.session));
            }
        }
        CHECK(fetches(fleet.b) == before);
    }
    CHECK(sessions(store) == 0);
    // That of the next slot may be there already.
    CHECK(seeds(store) == count_keys(store, "slot:"));
}

STORE_TEST_CASE("a node that has just started opens a fleet's tickets") {
    const KeyFiles keys;
    Server store;
    const auto line = directive(store, shared(keys));
    Node a(line, {});
    const auto in_12 = a.get(tls12()).session();
    const auto in_13 = a.get(tls13()).session();
    CHECK(is_stateless(in_12));
    CHECK(is_stateless(in_13));

    Node b(line, {});
    CHECK(b.get(tls12(in_12)).reused);
    CHECK(b.get(tls13(in_13)).reused);
}
