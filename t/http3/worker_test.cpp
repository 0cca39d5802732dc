// What happens to workers while a QUIC handshake is suspended in them.

#include "http3/quic_nodes.hpp"

#include <csignal>
#include <doctest/doctest.h>

using namespace support;

// nginx closes QUIC connections in the handshake when it shuts down.

STORE_TEST_CASE("a worker that quits closes its suspended HTTP/3 handshakes") {
    Server store;
    QuicSuspension suspension(store);
    auto client = suspension.start();
    suspension.node().nginx().signal(SIGQUIT);
    CHECK(suspension.node().nginx().ended());
    CHECK(suspension.node().nginx().log_count("quic close deferred") == 1);
    client.vanish();
    client.finish();
    store.thaw();
}

STORE_TEST_CASE("a fast stop does not wait for HTTP/3 handshakes") {
    Server store;
    QuicSuspension suspension(store);
    auto client = suspension.start();
    suspension.node().nginx().signal(SIGTERM);
    CHECK(suspension.node().nginx().ended());
    client.vanish();
    client.finish();
    store.thaw();
}

STORE_TEST_CASE("a reload while an HTTP/3 handshake is suspended") {
    Server store;
    QuicSuspension suspension(store);
    auto client = suspension.start();
    suspension.node().nginx().reload();
    CHECK(suspension.node().nginx().wait_log("exited with code 0"));
    client.vanish();
    client.finish();
    store.thaw();
    REQUIRE(suspension.node().connected(2));
    suspension.check_recovers();
}
