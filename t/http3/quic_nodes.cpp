#include "http3/quic_nodes.hpp"

#include <doctest/doctest.h>

namespace support {

NodeConfig quic_node(const std::string& server) {
    NodeConfig config;
    config.quic = true;
    config.server = server;
    config.response = http3_response;
    config.nginx.log_level = "debug";
    return config;
}

Visit visit_stored(const StoreServer& store, const Node& node,
                   const Visit& last, std::size_t made) {
    const auto before = store.keys().size();
    auto visit = http3_visit(node.address(), last);
    REQUIRE(visit.protocol == "HTTP/3.0");
    REQUIRE(eventually([&] { return store.keys().size() >= before + made; }));
    return visit;
}

bool wait_suspended(const Node& node, std::size_t count) {
    return eventually(
        [&] { return node.figures()["suspended"]["now"] == count; });
}

QuicSuspension::QuicSuspension(StoreServer& store, const std::string& server,
                               const std::string& parameters)
    : store_(store), node_(directive(store, parameters), quic_node(server)) {
    REQUIRE(node_.connected());
}

Http3Client QuicSuspension::start(const Arguments& arguments) {
    return start(arguments, node_.address());
}

Http3Client QuicSuspension::start(const Arguments& arguments,
                                  const Address& address) {
    store_.thaw();
    const auto last = visit_stored(store_, node_);
    store_.freeze();
    Http3Client client(address, last.session, arguments);
    REQUIRE(wait_suspended(node_));
    return client;
}

void QuicSuspension::check_serves() const {
    CHECK(http3_visit(node_.address()).protocol == "HTTP/3.0");
    CHECK_FALSE(node_.get(tls13()).body().empty());
}

void QuicSuspension::check_recovers() {
    check_serves();
    store_.thaw();
    CHECK(wait_suspended(node_, 0));
    CHECK(node_.idle());
    CHECK(http3_visit(node_.address(), visit_stored(store_, node_)).reused);
}

}  // namespace support
