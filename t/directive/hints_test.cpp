// Hints for users who write a value in another form than the directive's.

#include "directive/hints.hpp"
#include "support/directive_table.hpp"

using namespace support::directive;

namespace {

struct Hint {
    const char* line;
    const char* hint;
};

void check(const std::vector<Hint>& table) {
    for (const auto& each : table) {
        CAPTURE(each.line);
        const Parsed parsed = parse(each.line);
        CHECK(parsed.error != "");
        CHECK(parsed.hint == each.hint);
    }
}

}  // namespace

TEST_CASE("directive: values that are meant otherwise have a hint") {
    check(std::vector<Hint>{
        {"tickets=on", "it takes \"off\", \"keep\" or \"shared\""},
        {"tickets=Shared", "write \"tickets=shared\""},
        {"tickets=share", "write \"tickets=shared\""},
        {"early_data=on", "it takes \"once\", or leave the parameter out"},
        {"type=valkey", "write \"type=redis\""},
        {"type=KeyDB", "write \"type=redis\""},
        {"type=Redis", "write \"type=redis\""},
        {"type=memcache", "write \"type=memcached\""},
        {"type=cluster", "write \"type=redis cluster=on\""},
        {"type=mongodb", "it takes \"redis\" or \"memcached\""},
        {"timeout=1.5s", "write \"timeout=1500ms\""},
        {"interval=0.5", "it takes a whole number of milliseconds, or with a "
                         "unit, as in 200ms, 1s, 2m, 1h"},
        {"timeout=2sec", "write \"timeout=2s\""},
        {"timeout=1m30s", "write \"timeout=90s\""},
        {"timeout=10S", "write \"timeout=10s\""},
        {"timeout=soon", "it takes a whole number of milliseconds, or with a "
                         "unit, as in 200ms, 1s, 2m, 1h"},
        {"tickets=shared key=/a rotate=1.5h", "write \"rotate=90m\""},
        {"tickets=shared key=/a rotate=30",
         "it takes whole seconds, from 1m to 7d"},
        {"count=5k", "write \"count=5000\""},
        {"count=1M", "write \"count=1000000\""},
        {"count=5_000", "write \"count=5000\""},
        {"count=infinite", "write \"count=unlimited\""},
        {"count=0", "it takes a number from 1, or \"unlimited\""},
        {"port=65536", "it takes 1 to 65535"},
        {"db=x", "it takes a number from 0"},
        {"tls=yes", "write \"tls=on\""},
        {"tls=1", "write \"tls=on\""},
        {"cluster=False", "write \"cluster=off\""},
        {"tls=on tls_verify=none", "write \"tls_verify=off\""},
        {"tls=maybe", "it takes \"on\" or \"off\""},
        {"auth=", "write \"auth=value\", without spaces around \"=\""},
        {"prefix=$host\x01", "variables have no values here"},
        {"sentinel=my/master",
         "it takes the master's name, as \"sentinel monitor\" has it"},
    });
}

TEST_CASE("directive: addresses that are meant otherwise have a hint") {
    const char* takes = "it takes an IPv4 address, [an IPv6 address] or a "
                        "name, each also with \":port\", or \"unix:/path\"";
    check(std::vector<Hint>{
        {"addr=/run/redis.sock", "write \"addr=unix:/run/redis.sock\""},

        {"addr=unix:redis.sock", takes},
        {"addr=rediss://redis.example.com:6380",
         "write \"addr=redis.example.com:6380 tls=on\""},
        {"addr=redis://h", "write \"addr=h\""},
        {"addr=redis://h/3", "write \"addr=h db=3\""},
        {"addr=memcached://h:1", "write \"addr=h:1 type=memcached\""},
        {"addr=tcp://10.0.0.1:6379", "write \"addr=10.0.0.1:6379\""},
        {"addr=redis://me:secret@h:6379",
         "write \"addr=host:port\", and the password in \"auth\""},
        {"addr=::1", "write \"addr=[::1]\""},
        {"addr=2001:db8::7", "write \"addr=[2001:db8::7]\""},
        {"addr=a,b", "write \"addr=a addr=b\""},
        {"addr=a:1,b:2,c", "write \"addr=a:1 addr=b:2 addr=c\""},
        {"addr=a,weight=0", takes},
        {"addr=$redis", "variables have no values here"},
        {"addr=a/b", takes},
        {"addr=host:65536", takes},
    });
    CHECK(parse("addr=redis://me:secret@h").error ==
          "invalid value in parameter \"addr\"");
}

TEST_CASE("directive: names that are meant otherwise have a hint") {
    check(std::vector<Hint>{
        {"addr = x", "write \"addr=value\", without spaces around \"=\""},
        {"addr =x", "write \"addr=value\", without spaces around \"=\""},
        {"addr= x", "write \"addr=value\", without spaces around \"=\""},
        {"=x", "write \"name=value\", without spaces around \"=\""},
        {"adress=127.0.0.1", "did you mean \"addr\"?"},
        {"host=127.0.0.1", "did you mean \"addr\"?"},
        {"Port=1", "did you mean \"port\"?"},
        {"prot=1", "did you mean \"port\"?"},
        {"timout=1s", "did you mean \"timeout\"?"},
        {"password=hunter2", "did you mean \"auth\"?"},
        {"ssl=on", "did you mean \"tls\"?"},
        {"tls_key=a", "did you mean \"tls_cert_key\"?"},
        {"weight=2", "write \"addr=address,weight=number\""},
        {"ttl=1h", "sessions live for \"ssl_session_timeout\""},
        {"ON", "write \"on\""},
        {"yes", "write \"on\""},
        {"memcached", "write \"type=memcached\""},
        {"127.0.0.1", "write \"addr=127.0.0.1\""},
        {"127.0.0.1:6379", "write \"addr=127.0.0.1:6379\""},
        {"redis.example.com", "write \"addr=redis.example.com\""},
        {"/run/redis.sock", "write \"addr=unix:/run/redis.sock\""},
        {"redis://h:1", "write \"addr=host:port\", and a password in \"auth\""},
        {"auth:1234", "write \"auth=value\", without spaces around \"=\""},
        {"nonsense=1",
         "there are \"on\", \"off\", addr, port, type, cluster, interval, "
         "count, timeout, auth, db, sentinel, sentinel_auth, prefix, tickets, "
         "rotate, early_data, key, tls, tls_ca, tls_name, tls_verify, "
         "tls_cert, tls_cert_key"},
    });
}

TEST_CASE("directive: no hint has a password in it") {
    for (const char* line :
         {"auth:hunter2", "auth:1234hunter2", "aut=hunter2", "pass:hunter2",
          "me:hunter2", "redis://me:hunter2@h", "addr=redis://me:hunter2@h",
          "addr=me:hunter2@h", "sentinel_auth=me:hunter2:", "auth=hunter2:"}) {
        CAPTURE(line);
        const Parsed parsed = parse(line);
        CHECK((parsed.error + parsed.hint).find("hunter2") ==
              std::string::npos);
    }
}

TEST_CASE("directive: what can hardly be meant is warned of") {
    const std::vector<std::pair<std::string, std::string>> lines{
        {"timeout=1", "parameter \"timeout\" is only 1 ms "},
        {"timeout=9ms", "parameter \"timeout\" is only 9 ms "},
        {"interval=5", "parameter \"interval\" is only 5 ms "},
        {"auth=$pw", "\"$...\" in parameter \"auth\""},
        {"auth=${pw}", "\"$...\" in parameter \"auth\""},
        {"auth=me:$redis_password", "\"$...\" in parameter \"auth\""},
        {"auth=$user:pw", "\"$...\" in parameter \"auth\""},
        {"sentinel=m sentinel_auth=$pw", "\"$...\" in parameter \"sentinel_"},
        {"prefix=$host", "\"$...\" in parameter \"prefix\""},
        {"prefix=a:${host}:", "\"$...\" in parameter \"prefix\""},
        {"key=/etc/$host.key", "\"$...\" in parameter \"key\""},
        {"tls=on tls_name=$host", "\"$...\" in parameter \"tls_name\""},
        {"tls=on tls_ca=$ca", "\"$...\" in parameter \"tls_ca\""},
        {"tls=on tls_verify=off",
         "with \"tls_verify=off\" any server is accepted"},
        {"off addr=a", "other parameters have no effect next to \"off\""},
        {"type=memcached addr=a addr=a", "several parameters \"addr\" name"},
        {"type=memcached addr=a addr=b addr=a:11211",
         "several parameters \"addr\" name \"a\""},
        {"type=memcached addr=unix:/a addr=unix:/a",
         "several parameters \"addr\" name \"/a\""},
        {"cluster=on addr=a addr=a", "several parameters \"addr\" name"},
    };
    for (const auto& each : lines) {
        CAPTURE(each.first);
        const Parsed parsed = parse(each.first);
        CHECK(parsed.error == "");
        REQUIRE(parsed.warnings.size() == 1);
        CHECK(parsed.warnings[0].find(each.second) == 0);
    }
    for (const char* line :
         {"", "off", "on", "timeout=10", "auth=$", "auth=pa$word", "auth=$1",
          "auth=$2y$10$abc", "prefix=$", "prefix=a$:", "tls=on",
          "type=memcached addr=a addr=a:1", "off on=1"}) {
        CAPTURE(line);
        CHECK(parse(line).warnings.empty());
    }
}
