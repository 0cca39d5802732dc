#include "support/suspension.hpp"

#include <doctest/doctest.h>
#include <poll.h>

namespace support {

std::vector<TlsClient> start_handshakes(const Node& node,
                                        const std::vector<TlsOptions>& each) {
    std::vector<TlsClient> clients;
    for (const auto& options : each) {
        clients.emplace_back(node.address(), options);
        CHECK_FALSE(clients.back().step());
    }
    return clients;
}

Suspension::Suspension(StoreServer& store, const NodeConfig& config,
                       const std::string& parameters)
    : store_(store), node_(directive(store, parameters), config) {
    REQUIRE(node_.connected());
    wait_once();
    REQUIRE(node_.idle());
    sockets_ = open_sockets(worker());
}

// A memcached's client has one more descriptor from its first wait on.
void Suspension::wait_once() {
    auto client = start(tls12());
    store_.thaw();
    client.handshake();
}

TlsOptions Suspension::returning(const TlsOptions& options) const {
    return store_sessions(store_, node_, 1, {options}).front();
}

TlsClient Suspension::start(const TlsOptions& options) {
    const auto back = returning(options);
    REQUIRE(node_.idle());
    store_.freeze();
    return start_another(back);
}

TlsClient Suspension::start_another(const TlsOptions& options) {
    TlsClient client(node_.address(), options);
    CHECK_FALSE(client.step());
    // Connections are accepted in order, so this one is accepted by now.
    check_serves();
    CHECK_FALSE(client.step());
    return client;
}

std::vector<TlsClient> Suspension::start(std::size_t count,
                                         const std::vector<TlsOptions>& kinds) {
    REQUIRE(node_.answered());  // so that there is room for all of them
    const auto sessions = store_sessions(store_, node_, count, kinds);
    REQUIRE(node_.idle());
    store_.freeze();
    auto clients = start_handshakes(node_, sessions);
    check_serves();
    CHECK(handshake_all(clients, Milliseconds{0}) == 0);
    return clients;
}

void Suspension::check_serves() const {
    for (const auto& options : {tls12(), tls13()}) {
        CHECK_FALSE(node_.get(options).body().empty());
    }
}

void Suspension::check_recovers() {
    check_serves();
    store_.thaw();
    CHECK(node_.idle());
    wait_once();
    CHECK(node_.idle());
    eventually([&] { return open_sockets(worker()) == sockets_; });
    CHECK(open_sockets(worker()) == sockets_);
    check_resumes();
}

void Suspension::check_sleeps() const {
    const auto before = cpu_time(worker());
    poll(nullptr, 0, 400);
    CHECK(cpu_time(worker()) - before < Milliseconds{200});
}

void Suspension::check_resumes() const {
    for (const auto& options : {tls12(), tls13()}) {
        CHECK(node_.get(returning(options)).reused);
    }
}

}  // namespace support
