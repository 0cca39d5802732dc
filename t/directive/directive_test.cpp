// The directive's parameters: what each may be, and the errors for the rest.

#include "support/directive_table.hpp"

using namespace support::directive;
using namespace std::chrono_literals;

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
    CHECK(directive.early_data == EarlyData::any);
    CHECK_FALSE(directive.store.surveyed);
    CHECK(directive.rotate == 1h);
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

TEST_CASE("directive: interval and timeout") {
    const std::vector<std::pair<std::string, std::chrono::milliseconds>> times{
        {"1", 1ms},
        {"200", 200ms},
        {"200ms", 200ms},
        {"1s", 1s},
        {"90s", 90s},
        {"5m", 5min},
        {"2h", 2h},
        {"1d", 24h},
        {"24d", 576h},
        {"0001", 1ms},
        {"2147483647", 2147483647ms},
        {"2147483s", 2147483s},
        {"596h", 596h},
    };
    for (const auto& time : times) {
        const auto value = time.second;
        check(std::vector<Right>{
            {"interval=" + time.first,
             [value](auto& d) { d.store.interval = value; }},
            {"timeout=" + time.first,
             [value](auto& d) { d.store.timeout = value; }},
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
                             "25d",
                             "d",
                             "1D",
                             "1dd",
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
    const std::string auth = "auth=" + secret;
    for (const std::string& line :
         {auth + ":", auth + " auth=x", auth + " port=0", auth + " nonsense",
          auth + " on off", auth + " addr=unix:/a port=1",
          auth + " type=memcached", "Auth=" + secret, "aut=" + secret}) {
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
    check_invalid("prefix", {dots(129), "\x80", "\xc3\xa9"});
    // nginx may pass on a quoted argument, which then contains a space
    const std::vector<std::string_view> spaced{"prefix=a b"};
    CHECK(session_cache::parse(spaced).error ==
          "invalid \"a b\" in parameter \"prefix\"");
}

TEST_CASE("directive: early_data") {
    check(std::vector<Right>{
        {"early_data=once",
         [](auto& d) {
             d.early_data = EarlyData::once;
             d.store.surveyed = true;
         }},
    });
    check_invalid("early_data",
                  {"", "on", "off", "Once", "once1", "twice", "any"});
    check(std::vector<Wrong>{
        {"early_data=once early_data=once",
         "duplicate parameter \"early_data\""},
        {"early_data", "parameter \"early_data\" without a value"},
    });
}

TEST_CASE("directive: tickets") {
    check(std::vector<Right>{
        {"tickets=off", [](auto&) {}},
        {"tickets=keep", [](auto& d) { d.tickets = Tickets::keep; }},
    });
    check_invalid("tickets",
                  {"", "on", "Off", "keep1", "no", "Shared", "share"});
}

TEST_CASE("directive: shared tickets need a key") {
    check(std::vector<Right>{
        {"tickets=shared key=/a",
         [](auto& d) {
             d.tickets = Tickets::shared;
             d.store.surveyed = true;
             d.keys = {"/a"};
         }},
        {"key=/a key=/b tickets=shared rotate=1d",
         [](auto& d) {
             d.tickets = Tickets::shared;
             d.store.surveyed = true;
             d.keys = {"/a", "/b"};
             d.rotate = 24h;
         }},
    });
    check(std::vector<Wrong>{
        {"tickets=shared", "parameter \"tickets=shared\" without \"key\""},
        {"tickets=shared rotate=1h",
         "parameter \"tickets=shared\" without \"key\""},
        {"tickets=shared tickets=shared key=/a",
         "duplicate parameter \"tickets\""},
        {"tickets=off key=/a tickets=shared",
         "duplicate parameter \"tickets\""},
    });
}

TEST_CASE("directive: rotate") {
    const std::vector<std::pair<std::string, std::chrono::seconds>> times{
        {"60s", 60s}, {"1m", 60s},  {"60000", 60s},       {"60000ms", 60s},
        {"61s", 61s}, {"90s", 90s}, {"90000ms", 90s},     {"1h", 1h},
        {"1d", 24h},  {"7d", 168h}, {"604800s", 604800s}, {"168h", 168h},
    };
    for (const auto& time : times) {
        const auto value = time.second;
        check(std::vector<Right>{
            {"tickets=shared key=/a rotate=" + time.first, [value](auto& d) {
                 d.tickets = Tickets::shared;
                 d.store.surveyed = true;
                 d.keys = {"/a"};
                 d.rotate = value;
             }}});
    }
    check_invalid("rotate",
                  {"",      "0",       "60",      "3600",
                   "59s",   "59999ms", "60001ms", "90500ms",
                   "90500", "1.5h",    "-1h",     "h",
                   "1w",    "8d",      "604801s", "169h",
                   "25d",   "1H",      "never",   "18446744073709551616"});
}

TEST_CASE("directive: rotate is for shared tickets") {
    const std::string error = "parameter \"rotate\" without \"tickets=shared\"";
    check(std::vector<Wrong>{
        {"rotate=1h", error},
        {"rotate=1h key=/a", error},
        {"rotate=1h key=/a tickets=off", error},
        {"tickets=keep key=/a rotate=2h", error},
        {"tickets=shared key=/a rotate=1h rotate=1h",
         "duplicate parameter \"rotate\""},
    });
}

TEST_CASE("directive: unknown and duplicate parameters") {
    check(std::vector<Wrong>{
        {"nonsense", "unknown parameter \"nonsense\""},
        {"nonsense=1", "unknown parameter \"nonsense\""},
        {"addr", "parameter \"addr\" without a value"},
        {"=", "unknown parameter \"\""},
        {"=x", "unknown parameter \"\""},
        {"Port=1", "unknown parameter \"Port\""},
        {"port =1", "parameter \"port\" without a value"},
        {"ports=1", "unknown parameter \"ports\""},
        {"por=1", "unknown parameter \"por\""},
        {"127.0.0.1", "unknown parameter \"127.0.0.1\""},
    });
    for (const char* argument :
         {"port=1", "type=redis", "interval=1", "count=1", "timeout=1",
          "auth=x", "db=1", "prefix=x", "tickets=keep"}) {
        const std::string text(argument);
        const std::string name = text.substr(0, text.find('='));
        check(std::vector<Wrong>{{std::string(text).append(" on ").append(text),
                                  "duplicate parameter " + quoted(name)}});
    }
}

TEST_CASE("directive: what a log cannot show is not shown") {
    check(std::vector<Wrong>{
        {"port=\t1", "invalid \"?1\" in parameter \"port\""},
        {"port=\n\x1b[1m\x7f", "invalid \"??[1m?\" in parameter \"port\""},
        {"prefix=a\tb", "invalid \"a?b\" in parameter \"prefix\""},
        {"prefix=a\x7f", "invalid \"a?\" in parameter \"prefix\""},
        {"a\tb=1", "unknown parameter \"a?b\""},
        {"b\u00fccher=1", "unknown parameter \"b\u00fccher\""},
    });
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
