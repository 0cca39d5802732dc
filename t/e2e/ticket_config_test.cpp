// nginx -t: what it refuses about shared tickets, and what it warns about.

#include "support/shared_tickets.hpp"

#include <doctest/doctest.h>

using namespace support;

namespace {

Finished test_config(const std::string& parameters,
                     const std::string& server = "") {
    const ReservedPort port;
    NodeConfig node;
    node.server = server;
    NginxConfig config;
    config.http = "remote_ssl_session_cache " + parameters + ";\n" +
                  server_block(node, port.address());
    return NginxPrefix(config).test();
}

void check_says(const Finished& tested, const std::string& level,
                const std::string& what) {
    CAPTURE(tested.output);
    CHECK(count_lines(tested.output, level) == 1);
    CHECK(tested.output.find(what) != std::string::npos);
    CHECK(tested.output.find("/nginx.conf:") != std::string::npos);
}

}  // namespace

TEST_CASE("shared tickets need a key, and slots that are not too short") {
    const KeyFiles keys;
    check_says(test_config("tickets=shared"), "[emerg]",
               "parameter \"tickets=shared\" without \"key\"");
    check_says(test_config("rotate=1h " + keys.parameters("a")), "[emerg]",
               "parameter \"rotate\" without \"tickets=shared\"");
    for (const std::string value :
         {"59s", "8d", "0", "1x", "", "-1h", "90500ms", "1h30m"}) {
        CAPTURE(value);
        check_says(test_config(sharing(keys, "a", "rotate=" + value)),
                   "[emerg]", "in parameter \"rotate\"");
    }
    check_says(
        test_config(sharing(keys, "a", "rotate=1m"), "ssl_session_timeout 1d;"),
        "[emerg]", "take 1443 ticket keys at a time, more than 256");
    for (const std::string value : {"1m", "7d", "60000", "90s", "168h"}) {
        CAPTURE(value);
        const auto tested = test_config(sharing(keys, "a", "rotate=" + value));
        CAPTURE(tested.output);
        CHECK(tested.status == 0);
        CHECK(count_warnings(tested.output) == 0);
    }
}

TEST_CASE("where tickets are off shared ones are, too, with a warning") {
    const KeyFiles keys;
    check_says(test_config(sharing(keys), "ssl_session_tickets off;"), "[warn]",
               "\"ssl_session_tickets off\" keeps \"tickets=shared\"");

    NodeConfig config;
    config.server = "ssl_session_tickets off;";
    RedisServer store;
    Fleet fleet(store, config, sharing(keys));
    for (auto options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        options.session = fleet.a.get(options).session();
        REQUIRE(fleet.a.answered());
        REQUIRE(count_sessions(store) > 0);
        CHECK_FALSE(is_stateless(options.session));
        CHECK(fleet.b.get(options).reused);
    }
}
