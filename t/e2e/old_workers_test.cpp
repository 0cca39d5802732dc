// Workers that are to exit: those that only serve long connections leave the
// stores.

#include "support/node.hpp"

#include <doctest/doctest.h>
#include <optional>
#include <poll.h>
#include <vector>

using namespace support;

namespace {

// The server to which nginx passes WebSockets.
class Backend {
  public:
    Backend() : listener_(listen_at(address_)) {}

    std::string location() const {
        return "location /socket { proxy_pass http://" + address_.text() +
               "; proxy_http_version 1.1; proxy_read_timeout 1h;\n"
               "proxy_set_header Upgrade $http_upgrade;\n"
               "proxy_set_header Connection upgrade; }\n";
    }

    // Lets the client's connection become a WebSocket.
    void upgrade(TlsClient& client) {
        client.write("GET /socket HTTP/1.1\r\nHost: localhost\r\n"
                     "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
        REQUIRE(eventually([&] {
            UniqueFd next = accept_from(listener_);
            const bool came = next.get() != -1;
            if (came) {
                sockets_.emplace_back(std::move(next));
            }
            return came;
        }));
        sockets_.back().write("HTTP/1.1 101 Switching Protocols\r\n"
                              "Connection: Upgrade\r\n"
                              "Upgrade: websocket\r\n\r\n");
        REQUIRE(client.read_some().starts_with("HTTP/1.1 101"));
    }

    // Whether what the backend says reaches each client.
    void check_reaches(std::vector<TlsClient>& clients) {
        REQUIRE(clients.size() == sockets_.size());
        for (std::size_t i = 0; i < clients.size(); ++i) {
            sockets_[i].write("still here");
            CHECK(clients[i].read_some() == "still here");
        }
    }

  private:
    Address address_;
    UniqueFd listener_;
    std::vector<Socket> sockets_;
};

TlsClient open_client(const Node& node, const TlsOptions& options) {
    TlsClient client(node.address(), options);
    client.handshake();
    return client;
}

}  // namespace

STORE_TEST_CASE("old workers: those with WebSockets alone leave the store") {
    for (const char* interval : {"interval=50", "interval=60s"}) {
        Server store;
        Backend backend;
        NodeConfig config;
        config.server = backend.location();
        Node node(directive(store, std::string("timeout=60s ") + interval),
                  config);
        REQUIRE(node.connected());
        const int before = count_clients(store);

        std::vector<TlsClient> clients;
        for (int reloads = 0; reloads < 5; ++reloads) {
            clients.push_back(
                open_client(node, reloads % 2 == 0 ? tls12() : tls13()));
            backend.upgrade(clients.back());
            node.nginx().reload();
        }
        CHECK(settles_at(store, before));
        backend.check_reaches(clients);
        CHECK(node.nginx().log_count("connection lost") == 0);
        const auto figures = node.figures();
        CHECK(figures["servers"][0]["losses"] == 0);

        // neither the new worker is affected, nor what the old ones still serve
        const auto session = node.get(tls12()).session();
        REQUIRE(wait_stored(store, session));
        CHECK(node.get(tls12(session)).reused);
        clients.clear();
    }
}

STORE_TEST_CASE("old workers: one whose handshakes go on keeps the store") {
    Server store;
    Node node(directive(store), {});
    REQUIRE(node.connected());
    const int before = count_clients(store);

    for (const auto& kind : {tls12(), tls13()}) {
        auto options = kind;
        options.session = node.get(options).session();
        REQUIRE(wait_stored(store, options.session));

        // One has yet to begin its handshake, and one is in the middle of it.
        TlsClient silent(node.address(), options);
        std::optional<TlsClient> within;
        do {  // a quick server may have finished
            within.emplace(node.address(), kind);
        } while (within->step());
        TlsClient& fresh = *within;
        REQUIRE(wait_for(fresh.socket().fd(), POLLIN, Clock::now() + patience));
        node.nginx().reload();
        CHECK(settles_at(store, before + 1));

        silent.handshake();
        CHECK(silent.reused());
        fresh.handshake();
        CHECK_FALSE(exchange(fresh).response.empty());
        CHECK(wait_stored(store, fresh.session()));
        CHECK_FALSE(exchange(silent).response.empty());
        CHECK(node.nginx().settled());
        CHECK(settles_at(store, before));
    }
}

TEST_CASE("old workers: one whose store is down does not look for it") {
    RedisServer redis;
    Backend backend;
    NodeConfig config;
    config.server = backend.location();
    Node node(directive(redis, "interval=50"), config);
    REQUIRE(node.connected());
    std::vector<TlsClient> clients;
    clients.push_back(open_client(node, tls12()));
    backend.upgrade(clients.back());

    redis.kill9();
    REQUIRE(node.nginx().wait_log("connection lost"));
    node.nginx().reload();
    redis.start();
    REQUIRE(node.connected(2));
    CHECK(wait_clients(redis, 1));
    backend.check_reaches(clients);
    CHECK(wait_clients(redis, 1));
}
