// Sessions of HTTP/3 clients, from node to node.

#include "http3/quic_nodes.hpp"
#include "support/gnutls_client.hpp"
#include "support/key_files.hpp"

#include <doctest/doctest.h>

using namespace support;

namespace {

// Full at the first node, then resumed at the other, there again, and back.
void check_roams(StoreServer& store, const Node& first, const Node& second) {
    auto visit = visit_stored(store, first);
    CHECK_FALSE(visit.reused);
    for (const auto* node : {&second, &second, &first}) {
        visit = visit_stored(store, *node, visit, 1);
        CHECK(visit.reused);
    }
}

}  // namespace

STORE_TEST_CASE("HTTP/3 sessions resume across nodes") {
    Server store;
    Fleet fleet(store, quic_node());
    check_roams(store, fleet.a, fleet.b);
    check_roams(store, fleet.b, fleet.a);
    CHECK(fleet.b.nginx().log_count(", suspended") >= 2);
    CHECK(wait_suspended(fleet.b, 0));
}

STORE_TEST_CASE("sessions go between HTTP/3 and TCP") {
    // A session is tied to a hash function, and the clients prefer different
    // ones.
    Server store;
    Fleet fleet(store, quic_node("ssl_conf_command Ciphersuites "
                                 "TLS_AES_128_GCM_SHA256;"));
    const auto tcp_visit = [&](const Node& node, Visit last) {
        last.protocol = "TLSv1.3";
        return gnutls_visit(node.address(), last);
    };
    auto visit = visit_stored(store, fleet.a);
    visit = tcp_visit(fleet.b, visit);
    CHECK(visit.reused);
    // The two of the first visit, and one of the second.
    REQUIRE(eventually([&] { return store.keys().size() >= 3; }));
    visit = visit_stored(store, fleet.a, visit, 1);
    CHECK(visit.reused);

    store.flush();
    visit = tcp_visit(fleet.a, {});
    REQUIRE(eventually([&] { return store.keys().size() >= 2; }));
    CHECK(http3_visit(fleet.b.address(), visit).reused);
}

STORE_TEST_CASE("an HTTP/3 client that is asked for another key share") {
    Server store;
    Fleet fleet(store, quic_node("ssl_ecdh_curve X25519;"));
    const Arguments groups{"--groups=-GROUP-ALL:+GROUP-SECP384R1:"
                           "+GROUP-SECP521R1:+GROUP-X25519"};
    const auto first = visit_stored(store, fleet.a);
    Http3Client client(fleet.b.address(), first.session, groups);
    const auto visit = client.finish();
    CHECK(visit.protocol == "HTTP/3.0");
    CHECK(visit.reused);
}

STORE_TEST_CASE("an HTTP/3 client that has to prove its address first") {
    Server store;
    Fleet fleet(store, quic_node("quic_retry on;"));
    check_roams(store, fleet.a, fleet.b);
}

STORE_TEST_CASE("HTTP/3 where early data is allowed") {
    Server store;
    Fleet fleet(store, quic_node("ssl_early_data on;"));
    const TempDir dir;
    const Arguments parameters{"--tp-file=" + (dir.path() / "tp").string()};
    Visit visit;
    for (const auto* node : {&fleet.a, &fleet.b, &fleet.b, &fleet.a}) {
        const auto before = store.keys().size();
        const bool returns = !visit.session.empty();
        Http3Client client(node->address(), visit.session, parameters);
        visit = client.finish();
        CHECK(visit.protocol == "HTTP/3.0");
        CHECK(visit.reused == returns);
        REQUIRE(eventually([&] { return store.keys().size() > before; }));
    }
}

STORE_TEST_CASE("an HTTP/3 session that another node has sealed") {
    // Two waits in one step: for its name under each key.
    Server store;
    const KeyFiles files;
    Node a(directive(store, "timeout=60s" + files.parameters("a")),
           quic_node());
    Node b(directive(store, "timeout=60s" + files.parameters("ba")),
           quic_node());
    REQUIRE(a.connected());
    REQUIRE(b.connected());
    CHECK(http3_visit(b.address(), visit_stored(store, a)).reused);
    CHECK(b.nginx().log_count(", suspended") == 2);
}

STORE_TEST_CASE("a session in nginx's own cache needs no store") {
    Server store;
    Node node(directive(store), quic_node("ssl_session_cache shared:S:1m;"));
    REQUIRE(node.connected());
    const auto visit = visit_stored(store, node);
    store.freeze();
    CHECK(http3_visit(node.address(), visit).reused);
    store.thaw();
}
