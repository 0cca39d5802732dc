// Faults of the network between a store and its users.

#include "store_cell.hpp"
#include "support/peer.hpp"

#include <doctest/doctest.h>
#include <netinet/in.h>

using namespace support;

namespace {

// A reply of memcached may hold several values. None of them may be whole.
std::string half(const std::string& reply) {
    return is_value(reply) ? reply.substr(0, 100) : reply;
}

enum class Ends { full, resumed, any };

struct Row {
    const char* fault;
    FaultProxy::Fault what;
    Ends ends = Ends::full;
};

// Each direction takes half of the delay.
const Row slow[] = {
    {"slow by 2 ms", {.delay = Milliseconds{1}}, Ends::resumed},
    {"slow by 50 ms", {.delay = Milliseconds{25}}, Ends::resumed},
    {"replies that trickle, byte by byte", {.trickle = true}, Ends::resumed},
};

// With a timeout of a second, which a busy worker may notice after the reply.
const Row too_slow[] = {
    {"slow by 998 ms", {.delay = Milliseconds{499}}, Ends::any},
    {"slow by 1002 ms", {.delay = Milliseconds{501}}, Ends::any},
};

const Row broken[] = {
    {"slow by twice the timeout", {.delay = Milliseconds{300}}},
    {"accepts, never answers", {.silent = true}},
    {"replies cut in the middle, then closed",
     {.edit = half, .then = FaultProxy::Then::closes}},
    {"replies cut in the middle, then reset",
     {.edit = half, .then = FaultProxy::Then::resets}},
    {"replies whose second half never comes", {.edit = half}},
    {"closes after each reply", {.then = FaultProxy::Then::closes}, Ends::any},
    {"resets after each reply", {.then = FaultProxy::Then::resets}, Ends::any},
};

template <class Server, std::size_t N>
void check(const Row (&rows)[N], const std::string& parameters) {
    Proxied<Server, FaultProxy> store;
    Fleet fleet(store, {}, parameters);
    for (const auto& row : rows) {
        CAPTURE(std::string(row.fault));
        StoreCell cell(store_column<Server>(), row.fault, fleet);
        store.proxy.set(row.what);
        cell.visit();
        if (row.ends == Ends::full) {
            cell.expect_full();
        } else if (row.ends == Ends::resumed) {
            cell.expect_resumed();
        }
        store.proxy.heal();
        cell.recovers();
    }
}

}  // namespace

STORE_TEST_CASE("faults: a slow network") {
    check<Server>(slow, patient);
}

STORE_TEST_CASE("faults: a network as slow as the timeout") {
    check<Server>(too_slow, "interval=20 timeout=1000 count=20");
}

STORE_TEST_CASE("faults: a broken network") {
    check<Server>(broken, quick);
}

STORE_TEST_CASE("faults: bytes that nobody has asked for") {
    Proxied<Server, FaultProxy> store;
    Fleet fleet(store, {}, quick);
    StoreCell cell(store_column<Server>(), "unsolicited bytes", fleet);
    for (const std::string bytes :
         {"+OK\r\n", "$5\r\nstale\r\n", "VALUE k 0 5\r\nstale\r\nEND\r\n",
          "HTTP/1.1 400 Bad Request\r\n\r\n"}) {
        CAPTURE(bytes);
        store.proxy.say(bytes);
        cell.visit();
    }
    cell.recovers();
}

// The kernel makes a connection or does not, so both stores are alike here.
STORE_TEST_CASE("faults: a store whose backlog is full") {
    const Unreachable store;
    const auto at =
        ntohs(reinterpret_cast<const sockaddr_in*>(store.address())->sin_port);
    Server other;  // only to look into
    const auto line =
        "remote_ssl_session_cache addr=127.0.0.1:" + std::to_string(at) + " " +
        quick + (store_column<Server>() == "Redis" ? ";" : " type=memcached;");
    Node a(line, {});
    Node b(line, {});
    StoreCell cell(store_column<Server>(), "its backlog is full", other, a, b,
                   StoreCell::Store::away);
    cell.visit();
    cell.expect_full();
    cell.saw();
}

TEST_CASE("faults: a host name, the first of whose addresses is dead") {
    // redis/reconnect_test.cpp has unit tests of several addresses.
    for (const auto* store : {"Redis", "memcached"}) {
        untested_fault("Stores", "a host name, its first address dead", store,
                       "names come from the machine's own /etc/hosts");
    }
}

TEST_CASE("faults: of several memcached one is dead") {
    // A key belongs to one of them, and lookups at the dead one are misses.
    const ReservedPort dead;
    MemcachedServer alive;
    const auto line = directive(alive, "addr=" + dead.address().text() +
                                           " interval=1m timeout=300 count=20");
    Node a(line, {});
    Node b(line, {});
    for (auto* node : {&a, &b}) {
        REQUIRE(node->connected());
        REQUIRE(node->nginx().wait_log("unavailable: "));
    }
    StoreCell cell("memcached", "one of two servers is dead", alive, a, b,
                   StoreCell::Store::partly);
    cell.visit();
    cell.recovers();
}
