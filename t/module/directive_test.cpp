// The directive's parameters: what each may be, and what is said of the rest.

#include "module/directive.hpp"

#include <doctest/doctest.h>
#include <functional>
#include <string>
#include <vector>

using session_cache::Directive;
using session_cache::Parsed;
using session_cache::ServerParameters;
using session_cache::Tickets;
using session_cache::Type;
using namespace std::chrono_literals;

namespace {

// Arguments are told apart by spaces, as in nginx.conf.
Parsed parse(const std::string& line) {
    std::vector<std::string_view> arguments;
    std::string_view rest = line;
    while (!rest.empty()) {
        const auto end = std::min(rest.find(' '), rest.size());
        arguments.push_back(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return session_cache::parse(arguments);
}

ServerParameters redis(const std::string& host, std::uint16_t port = 6379) {
    return {.host = host, .path = "", .port = port};
}

ServerParameters memcached(const std::string& host, std::uint16_t port = 11211,
                           unsigned weight = 1) {
    return {.host = host, .path = "", .port = port, .weight = weight};
}

ServerParameters socket(const std::string& path, unsigned weight = 1) {
    return {.host = "", .path = path, .port = 0, .weight = weight};
}

// What is in force when nothing is said.
Directive defaults() {
    Directive result;
    result.store.servers = {{.host = "127.0.0.1", .path = "", .port = 6379}};
    return result;
}

ServerParameters& server(Directive& directive) {
    return directive.store.servers.at(0);
}

struct Right {
    std::string line;
    std::function<void(Directive&)> change;  // of the defaults
};

// The servers are those, of a memcached store when that is said.
auto at(std::vector<ServerParameters> servers, Type type = Type::redis) {
    return [servers = std::move(servers), type](Directive& directive) {
        directive.store.servers = servers;
        directive.store.type = type;
    };
}

void check(const std::vector<Right>& table) {
    for (const auto& right : table) {
        CAPTURE(right.line);
        Directive expected = defaults();
        expected.store.servers = {redis("127.0.0.1")};
        right.change(expected);
        const Parsed parsed = parse(right.line);
        CHECK(parsed.error == "");
        CHECK(parsed.directive == expected);
    }
}

struct Wrong {
    std::string line;
    std::string error;
};

void check(const std::vector<Wrong>& table) {
    for (const auto& wrong : table) {
        CAPTURE(wrong.line);
        CHECK(parse(wrong.line).error == wrong.error);
    }
}

// Each of `values` is refused, with a message that names both.
void check_invalid(const std::string& name,
                   const std::vector<std::string>& values) {
    std::vector<Wrong> table;
    for (const auto& value : values) {
        table.push_back(
            {name + "=" + value,
             "invalid \"" + value + "\" in parameter \"" + name + "\""});
    }
    check(table);
}

// With a port of its own, or none at all, an address needs no other.
const std::string unused_port =
    "parameter \"port\" with a port or a Unix socket in \"addr\"";

std::string dots(std::size_t n) {
    return std::string(n, '.');
}

}  // namespace

TEST_CASE("directive: defaults") {
    const Directive directive = parse("").directive;
    CHECK(parse("").error == "");
    CHECK(directive.on);
    CHECK(directive.store.type == Type::redis);
    REQUIRE(directive.store.servers.size() == 1);
    CHECK(directive.store.servers[0].host == "127.0.0.1");
    CHECK(directive.store.servers[0].path == "");
    CHECK(directive.store.servers[0].port == 6379);
    CHECK(directive.store.servers[0].weight == 1);
    CHECK(directive.store.interval == 200ms);
    CHECK(directive.store.timeout == 1000ms);
    CHECK(directive.store.count == 5000);
    CHECK(directive.store.user == "");
    CHECK(directive.store.password == "");
    CHECK(directive.store.db == 0);
    CHECK(directive.prefix == "ngx_ssl:");
    CHECK(directive.tickets == Tickets::off);
}

TEST_CASE("directive: on and off") {
    check(std::vector<Right>{
        {"on", [](auto&) {}},
        {"off", [](auto& d) { d.on = false; }},
        {"db=1 on", [](auto& d) { d.store.db = 1; }},
        {"off db=1",
         [](auto& d) {
             d.on = false;
             d.store.db = 1;
         }},
    });
    check(std::vector<Wrong>{
        {"on off", "\"on\" and \"off\" together"},
        {"off on", "\"on\" and \"off\" together"},
        {"off db=1 on", "\"on\" and \"off\" together"},
        {"on on", "duplicate parameter \"on\""},
        {"off off", "duplicate parameter \"off\""},
        {"ON", "unknown parameter \"ON\""},
        {"on=1", "unknown parameter \"on\""},
    });
}

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
    check_invalid("port", {"", "0", "-1", "+1", "65536", "4294967297",
                           "99999999999999999999999", "0x10", "12a", "a", "1.5",
                           "\t1"});
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

TEST_CASE("directive: several servers of a memcached store") {
    check(std::vector<Right>{
        {"type=memcached addr=a addr=b:1 addr=unix:/c",
         at({memcached("a"), memcached("b", 1), socket("/c")},
            Type::memcached)},
        {"addr=b addr=a type=memcached port=7",
         at({memcached("b", 7), memcached("a", 7)}, Type::memcached)},
        {"addr=a:1 addr=b port=2 type=memcached",
         at({memcached("a", 1), memcached("b", 2)}, Type::memcached)},
        {"addr=a,weight=3 addr=[::1]:7,weight=1000 addr=unix:/c,weight=2 "
         "type=memcached",
         at({memcached("a", 11211, 3), memcached("::1", 7, 1000),
             socket("/c", 2)},
            Type::memcached)},
        {"addr=a,weight=1", at({redis("a")})},
    });
    check_invalid("addr", {"a,weight=", "a,weight=0", "a,weight=1001",
                           "a,weight=-1", "a,weight=x", "a,weight=1,weight=2",
                           ",weight=2", "a:,weight=2"});
    check(std::vector<Wrong>{
        {"addr=a addr=b", "several parameters \"addr\" with type \"redis\""},
        {"addr=a,weight=2",
         "\"weight\" in parameter \"addr\" with type \"redis\""},
        {"type=memcached db=1", "parameter \"db\" with type \"memcached\""},
        {"auth=x type=memcached",
         "parameter \"auth\" without a user with type \"memcached\""},
    });
}

TEST_CASE("directive: several servers") {
    const auto servers = [](std::vector<ServerParameters> all) {
        return [all = std::move(all)](Directive& d) {
            d.store.type = Type::memcached;
            d.store.servers = all;
        };
    };
    check(std::vector<Right>{
        {"type=memcached addr=a addr=b:11212 addr=unix:/c addr=[::1]",
         servers({{"a", "", 11211},
                  {"b", "", 11212},
                  {"", "/c", 0},
                  {"::1", "", 11211}})},
        {"addr=a port=7000 addr=b:7001 addr=unix:/c addr=d type=memcached",
         servers({{"a", "", 7000},
                  {"b", "", 7001},
                  {"", "/c", 0},
                  {"d", "", 7000}})},
        {"type=memcached addr=a,weight=1 addr=b:1,weight=2 "
         "addr=unix:/c,weight=1000 addr=[::1],weight=007",
         servers({{"a", "", 11211, 1},
                  {"b", "", 1, 2},
                  {"", "/c", 0, 1000},
                  {"::1", "", 11211, 7}})},
        {"type=memcached addr=a addr=a",
         servers({{"a", "", 11211}, {"a", "", 11211}})},
    });
    check(std::vector<Wrong>{
        {"addr=a addr=b", "several parameters \"addr\" with type \"redis\""},
        {"addr=a type=redis addr=b",
         "several parameters \"addr\" with type \"redis\""},
    });
}

TEST_CASE("directive: weight") {
    check_invalid("addr", {"a,weight=0", "a,weight=1001", "a,weight=-1",
                           "a,weight=", "a,weight=x", "a,weight=1,weight=2",
                           "a,weight=4294967297", ",weight=2", "a:1,weight=0",
                           "a:1x,weight=2"});
    check(std::vector<Right>{
        {"addr=a,weight=1", [](auto& d) { server(d).host = "a"; }}});
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
        {"type=memcached auth=secret", no_user},
        {"auth=:secret type=memcached", no_user},
    });
    check(std::vector<Right>{
        {"type=memcached auth=user:secret",
         [](auto& d) {
             d.store.type = Type::memcached;
             server(d).port = 11211;
             d.store.user = "user";
             d.store.password = "secret";
         }},
    });
}

TEST_CASE("directive: interval and timeout") {
    const std::vector<std::pair<std::string, std::chrono::milliseconds>> times{
        {"1", 1ms},
        {"200", 200ms},
        {"200ms", 200ms},
        {"1s", 1s},
        {"90s", 90s},
        {"5m", 5min},
        {"2h", 2h},
        {"0001", 1ms},
        {"2147483647", 2147483647ms},
        {"2147483s", 2147483s},
        {"596h", 596h},
    };
    for (const auto& [text, value] : times) {
        check(std::vector<Right>{
            {"interval=" + text, [&](auto& d) { d.store.interval = value; }},
            {"timeout=" + text, [&](auto& d) { d.store.timeout = value; }},
        });
    }
    for (const char* name : {"interval", "timeout"}) {
        check_invalid(name, {"",
                             "0",
                             "0ms",
                             "0s",
                             "-1",
                             "-1s",
                             "+1",
                             "s",
                             "ms",
                             "x",
                             "1x",
                             "1S",
                             "1.5s",
                             "s1",
                             "2147483648",
                             "2147484s",
                             "597h",
                             "18446744073709551616",
                             "18446744073709552s",
                             "unlimited"});
    }
}

TEST_CASE("directive: count") {
    check(std::vector<Right>{
        {"count=1", [](auto& d) { d.store.count = 1; }},
        {"count=2147483647", [](auto& d) { d.store.count = 2147483647; }},
        {"count=unlimited",
         [](auto& d) { d.store.count = backends::Options::unlimited; }},
    });
    check_invalid("count",
                  {"", "0", "-1", "10k", "1.0", "Unlimited", "unlimited1",
                   "2147483648", "18446744073709551616"});
}

TEST_CASE("directive: auth") {
    const auto credentials = [](const char* user, const char* password) {
        return [user, password](Directive& d) {
            d.store.user = user;
            d.store.password = password;
        };
    };
    check(std::vector<Right>{
        {"auth=secret", credentials("", "secret")},
        {"auth=alice:secret", credentials("alice", "secret")},
        {"auth=alice:a:b", credentials("alice", "a:b")},
        {"auth=:a:b", credentials("", "a:b")},
        {"auth=a=b", credentials("", "a=b")},
        {"auth=on", credentials("", "on")},
    });
}

TEST_CASE("directive: a secret is in no error") {
    const std::string secret = "hunter2";
    for (const std::string& line :
         {"auth=" + secret + ":", "auth=" + secret + " auth=" + secret,
          "auth=" + secret + " port=0", "auth=" + secret + " nonsense",
          "Auth=" + secret, "aut=" + secret, "auth=" + secret + " on off",
          "auth=" + secret + " addr=unix:/a port=1",
          "auth=" + secret + " type=memcached"}) {
        CAPTURE(line);
        const std::string error = parse(line).error;
        CHECK(error != "");
        CHECK(error.find(secret) == std::string::npos);
    }
    check(std::vector<Wrong>{
        {"auth=", "invalid value in parameter \"auth\""},
        {"auth=:", "invalid value in parameter \"auth\""},
        {"auth=" + secret + ":", "invalid value in parameter \"auth\""},
        {"auth=a auth=b", "duplicate parameter \"auth\""},
    });
}

TEST_CASE("directive: db") {
    check(std::vector<Right>{
        {"db=0", [](auto&) {}},
        {"db=15", [](auto& d) { d.store.db = 15; }},
        {"db=2147483647", [](auto& d) { d.store.db = 2147483647; }},
    });
    check_invalid("db", {"", "-1", "x", "1x", "0x1", "2147483648",
                         "99999999999999999999"});
}

TEST_CASE("directive: prefix") {
    check(std::vector<Right>{
        {"prefix=tls/", [](auto& d) { d.prefix = "tls/"; }},
        {"prefix=", [](auto& d) { d.prefix = ""; }},
        {"prefix=a=b:{c}", [](auto& d) { d.prefix = "a=b:{c}"; }},
        {"prefix=" + dots(128), [](auto& d) { d.prefix = dots(128); }},
    });
    check_invalid("prefix",
                  {dots(129), "a\tb", "a\nb", "a\x7f", "\x80", "\xc3\xa9"});
    // nginx may hand over what was quoted, and so holds a space
    const std::vector<std::string_view> spaced{"prefix=a b"};
    CHECK(session_cache::parse(spaced).error ==
          "invalid \"a b\" in parameter \"prefix\"");
}

TEST_CASE("directive: tickets") {
    check(std::vector<Right>{
        {"tickets=off", [](auto&) {}},
        {"tickets=keep", [](auto& d) { d.tickets = Tickets::keep; }},
    });
    check_invalid("tickets", {"", "on", "Off", "keep1", "no"});
}

TEST_CASE("directive: unknown and duplicate parameters") {
    check(std::vector<Wrong>{
        {"nonsense", "unknown parameter \"nonsense\""},
        {"nonsense=1", "unknown parameter \"nonsense\""},
        {"addr", "unknown parameter \"addr\""},
        {"=", "unknown parameter \"\""},
        {"=x", "unknown parameter \"\""},
        {"Port=1", "unknown parameter \"Port\""},
        {"port =1", "unknown parameter \"port\""},
        {"ports=1", "unknown parameter \"ports\""},
        {"por=1", "unknown parameter \"por\""},
        {"127.0.0.1", "unknown parameter \"127.0.0.1\""},
    });
    for (const char* argument :
         {"port=1", "type=redis", "interval=1", "count=1", "timeout=1",
          "auth=x", "db=1", "prefix=x", "tickets=keep"}) {
        const std::string text(argument);
        check(std::vector<Wrong>{
            {text + " on " + text, "duplicate parameter \"" +
                                       text.substr(0, text.find('=')) + "\""}});
    }
}

TEST_CASE("directive: all parameters at once, in any order") {
    const auto all = [](Directive& d) {
        d.on = false;
        d.store = {.type = Type::redis,
                   .servers = {redis("::1", 7000)},
                   .interval = 1s,
                   .timeout = 2s,
                   .count = 3,
                   .user = "u",
                   .password = "p",
                   .db = 4};
        d.prefix = "x:";
        d.tickets = Tickets::keep;
    };
    check(std::vector<Right>{
        {"off addr=[::1] port=7000 type=redis interval=1s count=3 timeout=2s "
         "auth=u:p db=4 prefix=x: tickets=keep",
         all},
        {"tickets=keep prefix=x: db=4 auth=u:p timeout=2s count=3 interval=1s "
         "type=redis port=7000 addr=[::1] off",
         all},
    });
}

TEST_CASE("directive: the first error is the one that is told") {
    check(std::vector<Wrong>{
        {"port=0 count=0", "invalid \"0\" in parameter \"port\""},
        {"nonsense port=0", "unknown parameter \"nonsense\""},
        {"on port=0 off", "invalid \"0\" in parameter \"port\""},
    });
}

TEST_CASE("directive: equal parameters are equal, whatever their spelling") {
    CHECK(parse("addr=redis:7000 interval=1s").directive ==
          parse("interval=1000 port=7000 addr=redis").directive);
    CHECK(parse("").directive.store == parse("off prefix=x").directive.store);
    CHECK(parse("db=1").directive.store != parse("db=2").directive.store);
    CHECK(parse("auth=a:b").directive.store !=
          parse("auth=a:c").directive.store);
}
