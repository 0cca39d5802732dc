// The directive's addresses: of one Redis, or of several memcached servers.

#include "support/directive_table.hpp"

using namespace support::directive;

namespace {

ServerParameters memcached(const std::string& host, std::uint16_t port = 11211,
                           unsigned weight = 1) {
    return {.host = host, .path = "", .port = port, .weight = weight};
}

ServerParameters socket(const std::string& path, unsigned weight = 1) {
    return {.host = "", .path = path, .port = 0, .weight = weight};
}

// Sets these servers, and the type of the store.
auto at(std::vector<ServerParameters> servers, Type type = Type::redis) {
    return [servers = std::move(servers), type](Directive& directive) {
        directive.store.servers = servers;
        directive.store.type = type;
    };
}

}  // namespace

TEST_CASE("directive: addr") {
    check(std::vector<Right>{
        {"addr=10.0.0.1", at({redis("10.0.0.1")})},
        {"addr=redis.example.com", at({redis("redis.example.com")})},
        {"addr=redis", at({redis("redis")})},
        {"addr=[::1]", at({redis("::1")})},
        {"addr=[2001:db8::7]:7000", at({redis("2001:db8::7", 7000)})},
        {"addr=redis:6380", at({redis("redis", 6380)})},
        {"addr=10.0.0.1:1", at({redis("10.0.0.1", 1)})},
        {"addr=10.0.0.1:65535", at({redis("10.0.0.1", 65535)})},
    });
    check_invalid("addr", {"",           ":",       ":6379",
                           "[]",         "[",       "[::1",
                           "[]:6379",    "[::1]x",  "[::1]6379",
                           "::1",        "fe80::1", "[host]",
                           "[10.0.0.1]", "host:",   "host:0",
                           "host:65536", "host:-1", "host:port",
                           "[::1]:",     "[::1]:x", "host:6379:6379"});
}

TEST_CASE("directive: addr of a Unix socket") {
    check(std::vector<Right>{
        {"addr=unix:/run/redis.sock", at({socket("/run/redis.sock")})},
        {"addr=unix:/a:b", at({socket("/a:b")})},
        {"addr=unix:/" + dots(106), at({socket("/" + dots(106))})},
    });
    check_invalid("addr", {"unix:", "unix:redis.sock", "unix:/" + dots(107)});
}

TEST_CASE("directive: port") {
    check(std::vector<Right>{
        {"port=1", at({redis("127.0.0.1", 1)})},
        {"port=65535", at({redis("127.0.0.1", 65535)})},
        {"port=06380", at({redis("127.0.0.1", 6380)})},
        {"port=7000 addr=redis", at({redis("redis", 7000)})},
        {"addr=redis port=7000", at({redis("redis", 7000)})},
    });
    check_invalid("port",
                  {"", "0", "-1", "+1", "65536", "4294967297",
                   "99999999999999999999999", "0x10", "12a", "a", "1.5"});
}

TEST_CASE("directive: a port that nothing uses") {
    const std::string useless =
        "parameter \"port\" with a port or a Unix socket in \"addr\"";
    check(std::vector<Wrong>{
        {"addr=unix:/run/redis.sock port=6379", useless},
        {"port=6379 addr=unix:/run/redis.sock", useless},
        {"addr=redis:1 port=2", useless},
        {"port=2 addr=redis:1", useless},
        {"port=2 addr=redis:2", useless},
        {"type=memcached port=2 addr=a:1 addr=unix:/b", useless},
    });
}

TEST_CASE("directive: type") {
    check(std::vector<Right>{
        {"type=redis", [](auto&) {}},
        {"type=memcached", at({memcached("127.0.0.1")}, Type::memcached)},
    });
    check_invalid("type", {"", "Redis", "redis2", "valkey", "memcache"});
}

TEST_CASE("directive: several servers") {
    check(std::vector<Right>{
        {"type=memcached addr=a addr=b:1 addr=unix:/c addr=[::1]",
         at({memcached("a"), memcached("b", 1), socket("/c"), memcached("::1")},
            Type::memcached)},
        {"addr=b addr=a type=memcached port=7",
         at({memcached("b", 7), memcached("a", 7)}, Type::memcached)},
        {"addr=a port=7000 addr=b:7001 addr=unix:/c addr=d type=memcached",
         at({memcached("a", 7000), memcached("b", 7001), socket("/c"),
             memcached("d", 7000)},
            Type::memcached)},
        {"type=memcached addr=a addr=a",
         at({memcached("a"), memcached("a")}, Type::memcached)},
    });
    const std::string several =
        "several parameters \"addr\" with type \"redis\", without "
        "\"cluster=on\" or \"sentinel\"";
    check(std::vector<Wrong>{
        {"addr=a addr=b", several},
        {"addr=a type=redis addr=b", several},
    });
}

TEST_CASE("directive: as many servers as there may be") {
    std::string line = "type=memcached";
    for (int i = 0; i < 100; ++i) {
        line += " addr=10.0.0." + std::to_string(i);
    }
    CHECK(parse(line).error == "");
    check(std::vector<Wrong>{
        {line + " addr=10.0.1.1", "more than 100 parameters \"addr\""},
    });
}

TEST_CASE("directive: weight") {
    check(std::vector<Right>{
        {"type=memcached addr=a,weight=3 addr=[::1]:7,weight=1000 "
         "addr=unix:/c,weight=007 addr=d,weight=1",
         at({memcached("a", 11211, 3), memcached("::1", 7, 1000),
             socket("/c", 7), memcached("d")},
            Type::memcached)},
        {"addr=a,weight=1", at({redis("a")})},
    });
    check_invalid("addr", {"a,weight=", "a,weight=0", "a,weight=1001",
                           "a,weight=-1", "a,weight=x", "a,weight=1,weight=2",
                           "a,weight=4294967297", ",weight=2", "a:,weight=2",
                           "a:1,weight=0", "a:1x,weight=2"});
    check(std::vector<Wrong>{
        {"addr=a,weight=2",
         "\"weight\" in parameter \"addr\" with type \"redis\""},
        {"weight=2", "unknown parameter \"weight\""},
    });
}

TEST_CASE("directive: what memcached does not have") {
    const std::string no_db = "parameter \"db\" with type \"memcached\"";
    const std::string no_user =
        "parameter \"auth\" without a user with type \"memcached\"";
    check(std::vector<Wrong>{
        {"type=memcached db=1", no_db},
        {"db=1 type=memcached", no_db},
        {"db=0 type=memcached", no_db},
        {"type=memcached auth=secret", no_user},
        {"auth=:secret type=memcached", no_user},
    });
    check(std::vector<Right>{
        {"type=memcached auth=user:secret",
         [](auto& d) {
             at({memcached("127.0.0.1")}, Type::memcached)(d);
             d.store.user = "user";
             d.store.password = "secret";
         }},
    });
}
