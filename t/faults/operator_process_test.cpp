// What operators do to nginx's processes under a constant load.

#include "support/operation.hpp"

#include <csignal>
#include <doctest/doctest.h>

using namespace support;

STORE_TEST_CASE("reload") {
    Operation<Server> operation("reload, 5 times");
    for (int i = 0; i < 5; ++i) {
        operation.nginx().reload();
        CHECK(operation.load().goes_on(20));
    }
    operation.finish();
}

STORE_TEST_CASE("reload every 200 ms") {
    Operation<Server> operation("reload every 200 ms, 5 s long");
    for (int i = 0; i < 25; ++i) {
        operation.nginx().signal(SIGHUP);
        std::this_thread::sleep_for(Milliseconds{200});
    }
    operation.nginx().reload();
    operation.finish();
}

STORE_TEST_CASE("binary upgrade") {
    NodeConfig config;
    config.nginx.daemon = true;
    Operation<Server> operation("binary upgrade", config);
    for (int i = 0; i < 2; ++i) {
        operation.nginx().upgrade();
        CHECK(operation.load().goes_on(20));
    }
    operation.finish();
}

STORE_TEST_CASE("graceful quit") {
    const FaultCell cell("Operators", "quit with 40 lookups under way",
                         store_column<Server>());
    Server store;
    Suspension suspension(store);
    auto clients = suspension.start(40);
    auto& nginx = suspension.node().nginx();
    nginx.signal(SIGQUIT);
    REQUIRE(nginx.wait_log("gracefully shutting down"));
    store.thaw();
    for (auto& client : clients) {
        client.handshake();
        CHECK(client.reused());
        CHECK_FALSE(exchange(client).body().empty());
    }
    CHECK(nginx.ended());
    cell.saw("40 resumed, 0 failed");
}

STORE_TEST_CASE("worker_shutdown_timeout") {
    NodeConfig config;
    config.nginx.main = "worker_shutdown_timeout 1s;";
    Operation<Server> operation("worker_shutdown_timeout, store frozen",
                                config);
    operation.store().freeze();
    REQUIRE(eventually([&] {
        return operation.node().active() == Operation<Server>::clients;
    }));
    operation.nginx().reload();
    CHECK(operation.nginx().settled());
    // The new worker has no store yet.
    CHECK(operation.load().goes_on());
    operation.store().thaw();
    // nginx closes what the old one still has, as it does without a store.
    operation.finish(Operation<Server>::clients);
}

STORE_TEST_CASE("killed workers") {
    constexpr int times = 5;
    NodeConfig config;
    config.nginx.daemon = true;
    Operation<Server> operation("worker killed (-9), 5 times", config);
    operation.nginx().expect_complaint("exited on signal 9");
    for (int i = 0; i < times; ++i) {
        const auto killed = operation.nginx().workers().at(0);
        kill(killed, SIGKILL);
        REQUIRE(eventually([&] {
            const auto now = operation.nginx().workers();
            return now.size() == 1 && now[0] != killed;
        }));
        CHECK(operation.load().goes_on(20));
    }
    // Those of killed workers stay in nginx's count of connections for ever,
    // but a new master starts from zero.
    operation.nginx().upgrade();
    operation.finish(times * Operation<Server>::clients);
}

STORE_TEST_CASE("a killed worker takes only its own clients along") {
    const FaultCell cell("Operators",
                         "one of 2 workers killed, 40 lookups under way",
                         store_column<Server>());
    NodeConfig config;
    config.nginx.workers = 2;
    Server store;
    Node node(directive(store), config);
    REQUIRE(node.connected());
    node.nginx().expect_complaint("exited on signal 9");
    const auto sessions = store_sessions(store, node, 40);
    REQUIRE(node.idle());
    const auto killed = node.nginx().workers().at(0);
    const auto before = open_sockets(killed);
    store.freeze();
    auto clients = start_handshakes(node, sessions);
    REQUIRE(eventually([&] { return node.active() == 40; }));
    // A client of memcached has one more socket by now.
    const auto most = static_cast<int>(open_sockets(killed) - before);
    kill(killed, SIGKILL);
    store.thaw();
    int resumed = 0;
    int lost = 0;
    for (auto& client : clients) {
        try {
            client.handshake();
            resumed += client.reused() && !exchange(client).body().empty();
        } catch (const TlsError&) {
            ++lost;
        }
    }
    CHECK(lost <= most);
    CHECK(resumed == 40 - lost);
    cell.saw(std::to_string(resumed) + " resumed, " + std::to_string(lost) +
             " lost with their worker");
}

STORE_TEST_CASE("log reopen") {
    const TempDir dir;
    const auto file = dir.path() / "error.log";
    NodeConfig config;
    config.nginx.main = "error_log \"" + file.string() + "\" info;";
    Operation<Server> operation("log reopen (USR1)", config);
    std::filesystem::rename(file, dir.path() / "error.log.1");
    operation.nginx().signal(SIGUSR1);
    CHECK(eventually([&] { return std::filesystem::exists(file); }));
    CHECK(operation.load().goes_on());
    // What the module logs now goes into the new file.
    const auto logged = [&](const char* part) {
        return eventually(
            [&] { return count_lines(read_file(file), part) > 0; });
    };
    operation.store().kill9();
    CHECK(logged("connection lost"));
    operation.store().start();
    CHECK(logged(": connected"));
    operation.finish();
}
