// What clients do while their handshake is suspended.

#include "support/node.hpp"

#include <doctest/doctest.h>
#include <poll.h>

using namespace support;

namespace {

// One node on a frozen store, where nothing times out by itself.
class Suspension {
  public:
    explicit Suspension(const std::string& server = "") : node_(make(server)) {
        REQUIRE(node_.connected());
        sockets_ = open_sockets(worker());
    }

    // A client whose lookup is under way.
    TlsClient start(TlsOptions options) {
        options.session = node_.get(options).session();
        REQUIRE(wait_stored(store_, options.session));
        REQUIRE(node_.idle());
        store_.freeze();
        return start_another(options);
    }

    TlsClient start_another(const TlsOptions& options) {
        TlsClient client(node_.address(), options);
        CHECK_FALSE(client.step());
        // Connections are taken in turn, so this one's is taken by now.
        check_serves();
        CHECK_FALSE(client.step());
        return client;
    }

    void check_serves() const {
        for (const auto& options : {tls12(), tls13()}) {
            CHECK_FALSE(node_.get(options).body().empty());
        }
    }

    // Everything goes on, and nothing is left of the client.
    void check_recovers() {
        check_serves();
        store_.thaw();
        CHECK(node_.idle());
        CHECK(eventually([&] { return open_sockets(worker()) == sockets_; }));
        for (auto options : {tls12(), tls13()}) {
            options.session = node_.get(options).session();
            REQUIRE(wait_stored(store_, options.session));
            CHECK(node_.get(options).reused);
        }
    }

    // Whoever waits for the store does so asleep.
    void check_sleeps() {
        const auto before = cpu_time(worker());
        poll(nullptr, 0, 400);
        CHECK(cpu_time(worker()) - before < Milliseconds{200});
    }

    RedisServer& store() { return store_; }
    Node& node() { return node_; }

  private:
    pid_t worker() { return node_.nginx().workers().at(0); }

    Node make(const std::string& server) const {
        NodeConfig config;
        config.server = server;
        return {directive(store_), config};
    }

    RedisServer store_;
    Node node_;
    std::size_t sockets_;
};

}  // namespace

TEST_CASE("a client that closes while suspended") {
    for (const auto& options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        Suspension suspension;
        auto client = suspension.start(options);
        client.socket().close();
        suspension.check_sleeps();
        suspension.check_recovers();
    }
}

TEST_CASE("a client that resets the connection while suspended") {
    for (const auto& options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        Suspension suspension;
        auto client = suspension.start(options);
        client.socket().abort();
        suspension.check_sleeps();
        suspension.check_recovers();
    }
}

TEST_CASE("a client that sends garbage while suspended") {
    for (const auto& options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        Suspension suspension;
        auto client = suspension.start(options);
        for (int i = 0; i < 10; ++i) {
            client.socket().write(std::string(5000, 'x'));
            suspension.check_serves();
        }
        suspension.check_sleeps();
        suspension.store().thaw();
        // nginx refuses what it reads after the ClientHello, and closes.
        client.socket().read_to_end();
        suspension.check_recovers();
    }
}

TEST_CASE("a client that sends garbage while suspended, and closes") {
    for (const auto& options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        Suspension suspension;
        auto client = suspension.start(options);
        client.socket().write("garbage");
        suspension.check_serves();
        client.socket().close();
        suspension.check_recovers();
    }
}

TEST_CASE("a client that is silent for too long is closed by nginx") {
    for (const auto& options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        Suspension suspension("client_header_timeout 1s;");
        auto client = suspension.start(options);
        // The store is silent for far longer.
        client.socket().read_to_end();
        CHECK(suspension.node().idle());
        CHECK(suspension.node().nginx().log_count(
                  "client timed out (110: Connection timed out) while SSL "
                  "handshaking") == 1);
        suspension.check_recovers();
    }
}

TEST_CASE("many clients that leave in different ways while suspended") {
    Suspension suspension;
    std::vector<TlsClient> clients;
    clients.push_back(suspension.start(tls13()));
    suspension.store().thaw();
    clients.back().handshake();
    auto options = tls13(exchange(clients.back()).session());
    REQUIRE(wait_stored(suspension.store(), options.session));
    suspension.store().freeze();
    clients.clear();
    for (int i = 0; i < 90; ++i) {
        clients.emplace_back(suspension.node().address(), options);
        CHECK_FALSE(clients.back().step());
    }
    suspension.check_serves();
    for (std::size_t i = 0; i < clients.size(); ++i) {
        switch (i % 3) {
        case 0:
            clients[i].socket().close();
            break;
        case 1:
            clients[i].socket().abort();
            break;
        default:
            break;
        }
    }
    suspension.check_serves();
    suspension.store().thaw();
    for (std::size_t i = 2; i < clients.size(); i += 3) {
        clients[i].handshake();
        CHECK(clients[i].reused());
    }
    clients.clear();
    suspension.check_recovers();
}

TEST_CASE("connections closed while suspended make room for new ones") {
    // nginx reuses the connection objects of those that left.
    Suspension suspension;
    auto first = suspension.start(tls12());
    suspension.store().thaw();
    first.handshake();
    const auto options = tls12(suspension.node().get(tls12()).session());
    REQUIRE(wait_stored(suspension.store(), options.session));
    for (int round = 0; round < 20; ++round) {
        suspension.store().freeze();
        auto leaves = suspension.start_another(options);
        auto stays = suspension.start_another(options);
        leaves.socket().abort();
        suspension.check_serves();
        suspension.store().thaw();
        stays.handshake();
        CHECK(stays.reused());
        CHECK_FALSE(exchange(stays).body().empty());
    }
}

TEST_CASE("an answer that comes too late goes to nobody else") {
    for (const auto& options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        Suspension suspension("client_header_timeout 1s;");
        auto others = options;
        others.session = suspension.node().get(options).session();
        REQUIRE(wait_stored(suspension.store(), others.session));
        auto leaves = suspension.start(options);
        leaves.socket().read_to_end();
        // Its lookup is still on its way when the next one sets out, and the
        // store answers both.
        auto stays = suspension.start_another(others);
        suspension.store().thaw();
        stays.handshake();
        CHECK(stays.reused());
        CHECK_FALSE(exchange(stays).body().empty());
    }
}

TEST_CASE("handshakes that fail meanwhile do not spoil suspended ones") {
    for (const auto& options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        Suspension suspension;
        auto client = suspension.start(options);
        for (int i = 0; i < 5; ++i) {
            Socket wrong(suspension.node().address());
            wrong.write("\x16\x03\x01" + std::string(1, '\0') + "\x05wrong");
            wrong.read_to_end();
            auto old = tls12();
            old.min_version = old.max_version = TLS1_1_VERSION;
            CHECK_THROWS_AS(suspension.node().get(old), TlsError);
        }
        suspension.store().thaw();
        client.handshake();
        CHECK(client.reused());
        CHECK_FALSE(exchange(client).body().empty());
    }
}
