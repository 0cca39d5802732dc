// A store that has stopped answering: who waits and who does not, and how long.

#include "support/suspension.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <iterator>
#include <sys/syscall.h>

using namespace support;

namespace {

// The calls of all of nginx's event methods. Not every machine has them all.
bool is_event_wait(long call) {
    constexpr long waits[] = {
#ifdef SYS_epoll_wait
        SYS_epoll_wait,
#endif
#ifdef SYS_poll
        SYS_poll,
#endif
#ifdef SYS_select
        SYS_select,
#endif
        SYS_epoll_pwait, SYS_ppoll, SYS_pselect6};
    return std::find(std::begin(waits), std::end(waits), call) !=
           std::end(waits);
}

// Looks `times` times at whether a process is asleep, which it may only be in
// its event loop. Returns how often it was.
int sample_sleep(pid_t pid, int times) {
    const auto file = "/proc/" + std::to_string(pid) + "/syscall";
    int asleep = 0;
    for (int i = 0; i < times; ++i) {
        // "running", or the call's number, or -1 for a page fault.
        const auto call = read_file(file);
        REQUIRE_FALSE(call.empty());
        if (call[0] != 'r' && call[0] != '-') {
            CAPTURE(call);
            CHECK(is_event_wait(std::stol(call)));
            ++asleep;
        }
    }
    return asleep;
}

}  // namespace

STORE_TEST_CASE("500 suspended handshakes keep nobody else waiting") {
    // Nothing times out here: whoever waits for the store waits for long.
    Server store;
    Fleet fleet(store, shared_cache());
    const auto local12 = fleet.b.get(tls12()).session();
    const auto local13 = fleet.b.get(tls13()).session();
    const auto remote = store_sessions(store, fleet.a, 500);
    store.freeze();

    auto clients = start_handshakes(fleet.b, remote);
    for (int i = 0; i < 10; ++i) {
        for (const auto& options : {tls12(), tls13()}) {
            const auto visit = fleet.b.get(options);
            CHECK_FALSE(visit.reused);
            CHECK_FALSE(visit.body().empty());
        }
        CHECK(fleet.b.get(tls12(local12)).reused);
        CHECK(fleet.b.get(tls13(local13)).reused);
        // Counting them is a plain request, which is served, too.
        CHECK(fleet.b.active() == 500);
    }
    CHECK(handshake_all(clients, Milliseconds{0}) == 0);

    store.thaw();
    CHECK(handshake_all(clients) == clients.size());
    for (auto& client : clients) {
        CHECK(client.reused());
    }
    CHECK_FALSE(exchange(clients.front()).body().empty());
    clients.clear();
    CHECK(fleet.b.idle());
}

STORE_TEST_CASE("lookups end as full handshakes when the timeout is over") {
    Server store;
    Fleet fleet(store, {}, "timeout=300ms interval=20");
    const auto sessions = store_sessions(store, fleet.a, 100);
    store.freeze();
    auto clients = start_handshakes(fleet.b, sessions);
    CHECK(handshake_all(clients) == clients.size());
    for (auto& client : clients) {
        CHECK_FALSE(client.reused());
        CHECK_FALSE(exchange(client).body().empty());
    }
    CHECK(fleet.b.nginx().log_count("timed out") >= 1);
    CHECK(fleet.b.nginx().log_count("timed out") < 10);

    store.thaw();
    for (const auto& options : sessions) {
        CHECK(eventually([&] { return fleet.b.get(options).reused; }));
    }
}

STORE_TEST_CASE("a full queue makes a lookup a miss at once") {
    // With this interval no PING takes the only place meanwhile.
    Server store;
    Fleet fleet(store, {}, "count=1 interval=1m timeout=60s");
    const auto session = fleet.make(tls12());
    const auto another = fleet.make(tls12());
    store.freeze();
    TlsClient waits(fleet.b.address(), tls12(another));
    CHECK_FALSE(waits.step());
    for (int i = 0; i < 10; ++i) {
        CHECK_FALSE(fleet.b.get(tls12(session)).reused);
    }
    CHECK_FALSE(waits.step());
    store.thaw();
    waits.handshake();
    CHECK(waits.reused());
    // And there is room again.
    CHECK(eventually([&] { return fleet.b.get(tls12(session)).reused; }));
}

STORE_TEST_CASE("connections of one session at a time share one lookup") {
    Server store;
    // More than two lookups would be refused.
    Fleet fleet(store, {}, "count=2 interval=1m timeout=60s");
    for (auto options : {tls12(), tls13()}) {
        options.session = fleet.make(options);
        store.freeze();
        auto clients =
            start_handshakes(fleet.b, std::vector<TlsOptions>(6, options));
        CHECK(eventually([&] { return fleet.b.active() == 6; }));
        CHECK(handshake_all(clients, Milliseconds{0}) == 0);
        store.thaw();
        CHECK(handshake_all(clients) == clients.size());
        for (auto& client : clients) {
            CHECK(client.reused());
        }
    }
}

STORE_TEST_CASE("a full queue drops new sessions, and no client is the worse") {
    Server store;
    Fleet fleet(store, {}, "count=4 interval=1m timeout=60s");
    store.freeze();
    std::vector<Session> sessions;
    sessions.reserve(20);
    for (int i = 0; i < 20; ++i) {
        sessions.push_back(fleet.a.get(tls12()).session());
    }
    store.thaw();
    for (int i = 0; i < 4; ++i) {
        REQUIRE(wait_stored(store, sessions[i]));
        CHECK(fleet.b.get(tls12(sessions[i])).reused);
    }
    CHECK(eventually([&] { return store.keys().size() == 4; }));
    REQUIRE(fleet.a.answered());
    // And there is room again.
    CHECK(fleet.b.get(tls12(fleet.make(tls12()))).reused);
}

STORE_TEST_CASE("count=unlimited takes whatever comes") {
    Server store;
    Fleet fleet(store, {}, "count=unlimited timeout=60s");
    const auto sessions = store_sessions(store, fleet.a, 200);
    store.freeze();
    auto clients = start_handshakes(fleet.b, sessions);
    store.thaw();
    CHECK(handshake_all(clients) == clients.size());
    for (const auto& client : clients) {
        CHECK(client.reused());
    }
}

TEST_CASE("an idle connection is pinged, the pause doubling each time") {
    RedisServer redis;
    Fleet fleet(redis, {}, "interval=20 timeout=60s");
    const auto pings = [&] {
        const auto text = redis.client().info("commandstats", "cmdstat_ping");
        const auto at = text.find("calls=");
        return at == std::string::npos ? 0 : std::stoi(text.substr(at + 6));
    };
    const auto before = pings();
    CHECK(eventually([&] { return pings() >= before + 6; }));  // 1.3 s
}

STORE_TEST_CASE("a ping without an answer gives the connection up") {
    Server store;
    Fleet fleet(store, {}, "interval=20 timeout=200ms");
    store.freeze();
    CHECK(fleet.a.nginx().wait_log("timed out"));
    CHECK(fleet.b.nginx().wait_log("timed out"));
    store.thaw();
    // They connect again without a request from a client.
    CHECK(fleet.a.connected(2));
    CHECK(fleet.b.connected(2));
    const auto session = fleet.a.get(tls12()).session();
    CHECK(wait_stored(store, session));
    CHECK(fleet.b.get(tls12(session)).reused);
}

STORE_TEST_CASE("a short freeze is waited out") {
    Server store;
    Fleet fleet(store);
    for (auto options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        options.session = fleet.make(options);
        store.freeze();
        TlsClient client(fleet.b.address(), options);
        CHECK_FALSE(client.step());
        REQUIRE(eventually([&] { return fleet.b.active() == 1; }));
        CHECK_FALSE(client.step());
        store.thaw();
        client.handshake();
        CHECK(client.reused());
        CHECK_FALSE(exchange(client).body().empty());
    }
}

STORE_TEST_CASE("a worker sleeps nowhere but in its event loop") {
    // Writing to the log might make it wait for a disk.
    NodeConfig config;
    config.nginx.log_level = "notice";
    Server store;
    Suspension suspension(store, config);
    const auto options = suspension.returning(tls13());
    std::vector<TlsClient> clients;
    clients.push_back(suspension.start(tls12()));
    const auto worker = suspension.worker();
    int asleep = 0;
    for (int i = 0; i < 100; ++i) {
        clients.emplace_back(suspension.node().address(), options);
        asleep += sample_sleep(worker, 10);
        CHECK_FALSE(clients.back().step());
        asleep += sample_sleep(worker, 10);
        suspension.check_serves();
        asleep += sample_sleep(worker, 10);
        if (i % 2 == 0) {
            clients.pop_back();
        }
    }
    CHECK(asleep > 0);
    store.thaw();
    CHECK(handshake_all(clients) == clients.size());
    clients.clear();
    suspension.check_recovers();
}
