// nginx's own session cache, without the module: the tests rely on this.

#include "support/node.hpp"
#include "support/visit.hpp"

#include <doctest/doctest.h>

using namespace support;

namespace {

NodeConfig stock(std::string server) {
    NodeConfig config;
    config.nginx.load_module = false;
    config.server = std::move(server);
    return config;
}

}  // namespace

TEST_CASE("stock nginx resumes from its own cache, not from another's") {
    const char* server =
        "ssl_session_cache shared:S:1m; ssl_session_tickets off;";
    Node a(stock(server));
    Node b(stock(server));
    for (const auto& options : {tls12(), tls13()}) {
        auto again = options;
        again.session = a.get(options).session();
        CHECK(a.get(again).reused);
        CHECK_FALSE(b.get(again).reused);
    }
    CHECK(a.idle());
}

TEST_CASE("every client tells full handshakes and resumptions apart") {
    Node node(stock("ssl_session_cache shared:S:1m;"));
    for (const auto& client : visiting_clients()) {
        for (const auto* protocol : {"TLSv1.2", "TLSv1.3"}) {
            CAPTURE(client.name);
            CAPTURE(protocol);
            const auto made =
                client.visit(node.address(), {false, protocol, ""});
            CHECK_FALSE(made.reused);
            CHECK(made.protocol == protocol);
            CHECK(client.visit(node.address(), made).reused);
        }
    }
}

TEST_CASE("a reserved port refuses until its owner's server has it") {
    const ReservedPort port;
    CHECK_THROWS(Socket{port.address()});
}
