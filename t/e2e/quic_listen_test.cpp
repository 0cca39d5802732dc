// Servers that listen with QUIC as well. What clients of HTTP/3 see is in
// t/http3, for it takes a patched nginx.

#include "support/node.hpp"

#include <doctest/doctest.h>

using namespace support;

namespace {

bool knows_quic() {
    static const bool knows =
        run({"nginx", "-V"}).output.find("http_v3_module") != std::string::npos;
    return knows;
}

bool patched() {
    static const bool found =
        read_file(find_program("nginx")).find("ngx_quic_steps") !=
        std::string::npos;
    return found;
}

}  // namespace

TEST_CASE("a server that listens with QUIC, too" *
          doctest::skip(!knows_quic())) {
    NodeConfig config;
    config.quic = true;
    RedisServer redis;
    Fleet fleet(redis, config);
    for (auto options : {tls12(), tls13()}) {
        options.session = fleet.make(options);
        CHECK(fleet.b.get(options).reused);
    }
    CHECK((fleet.a.nginx().log_count("does not look sessions up for QUIC") >
           0) == !patched());
}
