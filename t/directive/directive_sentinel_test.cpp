// The directive's parameters for a master that Sentinels name.

#include "support/directive_table.hpp"

using namespace support::directive;

namespace {

// A master that these Sentinels name.
auto watched(const std::vector<ServerParameters>& sentinels,
             const std::string& user = "", const std::string& password = "",
             const std::string& name = "mymaster") {
    return [=](Directive& directive) {
        directive.store.servers = sentinels;
        directive.store.sentinel = name;
        directive.store.sentinel_user = user;
        directive.store.sentinel_password = password;
    };
}

}  // namespace

TEST_CASE("directive: sentinel") {
    const auto unix = ServerParameters{.host = "", .path = "/run/s", .port = 0};
    check(std::vector<Right>{
        {"sentinel=mymaster", watched({redis("127.0.0.1", 26379)})},
        {"sentinel=mymaster addr=a addr=b:1 addr=[::1] addr=unix:/run/s",
         watched(
             {redis("a", 26379), redis("b", 1), redis("::1", 26379), unix})},
        {"addr=a addr=b port=7 sentinel=mymaster",
         watched({redis("a", 7), redis("b", 7)})},
        {"sentinel=My.master-1_x",
         watched({redis("127.0.0.1", 26379)}, "", "", "My.master-1_x")},
        {"sentinel=" + std::string(128, 'm'),
         watched({redis("127.0.0.1", 26379)}, "", "", std::string(128, 'm'))},
    });
    check_invalid("sentinel", {"", "m:1", "m/1", "\"", std::string(129, 'm')});
}

TEST_CASE("directive: sentinel_auth") {
    check(std::vector<Right>{
        {"sentinel=mymaster sentinel_auth=secret",
         watched({redis("127.0.0.1", 26379)}, "", "secret")},
        {"sentinel_auth=me:secret sentinel=mymaster",
         watched({redis("127.0.0.1", 26379)}, "me", "secret")},
        {"sentinel_auth=:se:cret sentinel=mymaster",
         watched({redis("127.0.0.1", 26379)}, "", "se:cret")},
    });
    check(std::vector<Wrong>{
        {"sentinel=m sentinel_auth=",
         "invalid value in parameter \"sentinel_auth\""},
        {"sentinel=m sentinel_auth=hunter2: sentinel_auth=me:hunter2",
         "invalid value in parameter \"sentinel_auth\""},
    });
}

TEST_CASE("directive: what makes no sense with Sentinels") {
    const std::string with_memcached =
        "parameter \"sentinel\" with type \"memcached\"";
    const std::string alone =
        "parameter \"sentinel_auth\" without \"sentinel\"";
    check(std::vector<Wrong>{
        {"sentinel=m type=memcached", with_memcached},
        {"type=memcached addr=a addr=b sentinel=m", with_memcached},
        {"sentinel_auth=secret", alone},
        {"type=memcached sentinel_auth=secret",
         "parameter \"sentinel_auth\" with type \"memcached\""},
        {"sentinel=m addr=a addr=b,weight=2",
         "\"weight\" in parameter \"addr\" with type \"redis\""},
        {"sentinel=m sentinel=m", "duplicate parameter \"sentinel\""},
        {"sentinel=m sentinel_auth=a sentinel_auth=a",
         "duplicate parameter \"sentinel_auth\""},
        {"sentinel=m addr=unix:/s port=1",
         "parameter \"port\" with a port or a Unix socket in \"addr\""},
        {"sentinel=m addr=unix:/s tls=on",
         "parameter \"tls=on\" with a Unix socket without \"tls_name\""},
    });
}
