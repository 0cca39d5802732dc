// Redis Cluster in the directive.

#include "support/directive_table.hpp"

#include <doctest/doctest.h>

using namespace support::directive;

TEST_CASE("directive: cluster") {
    const auto clustered = [](const std::vector<ServerParameters>& seeds) {
        return [seeds](Directive& directive) {
            directive.store.cluster = true;
            directive.store.servers = seeds;
        };
    };
    check(std::vector<Right>{
        {"cluster=on", clustered({redis("127.0.0.1")})},
        {"addr=a cluster=on addr=b:7000",
         clustered({redis("a"), redis("b", 7000)})},
        {"cluster=on addr=a addr=b port=7",
         clustered({redis("a", 7), redis("b", 7)})},
        {"cluster=on db=0", clustered({redis("127.0.0.1")})},
        {"cluster=off",
         [](Directive& directive) {
             directive.store.servers = {redis("127.0.0.1")};
         }},
    });
    check(std::vector<Wrong>{
        {"cluster=", "invalid \"\" in parameter \"cluster\""},
        {"cluster=yes", "invalid \"yes\" in parameter \"cluster\""},
        {"cluster=on cluster=on", "duplicate parameter \"cluster\""},
        {"cluster=on db=1",
         "parameter \"db\" other than 0 with \"cluster=on\""},
        {"db=7 cluster=on",
         "parameter \"db\" other than 0 with \"cluster=on\""},
        {"cluster=on type=memcached",
         "parameter \"cluster\" with type \"memcached\""},
        {"type=memcached cluster=off",
         "parameter \"cluster\" with type \"memcached\""},
        {"cluster=on addr=a addr=b,weight=2",
         "\"weight\" in parameter \"addr\" with type \"redis\""},
        {"cluster=off addr=a addr=b",
         "several parameters \"addr\" with type \"redis\", without "
         "\"cluster=on\" or \"sentinel\""},
        {"cluster=on sentinel=m", "parameter \"sentinel\" with \"cluster=on\""},
    });
}

TEST_CASE("directive: prefixes that are one slot of a cluster") {
    using session_cache::has_hash_tag;
    for (const char* prefix : {"{a}", "x{a}y", "{a}{b}", "{{}", "ngx{ssl}:"}) {
        CAPTURE(prefix);
        CHECK(has_hash_tag(prefix));
    }
    for (const char* prefix : {"", "ngx_ssl:", "{", "}", "{}", "}{", "{}{a}"}) {
        CAPTURE(prefix);
        CHECK_FALSE(has_hash_tag(prefix));
    }
}
