// nginx -t: what it refuses, what it warns about, and what it accepts.

#include "support/company.hpp"
#include "support/socket.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <filesystem>
#include <sstream>
#include <vector>

using namespace support;

namespace {

// nginx -t with `http` in http{}, in front of a TLS server.
Finished test_config(const std::string& http, const NodeConfig& server = {}) {
    const ReservedPort port;
    NginxConfig config;
    config.http = http + "\n" + server_block(server, port.address());
    return NginxPrefix(config).test();
}

Finished test_directive(const std::string& parameters) {
    return test_config("remote_ssl_session_cache " + parameters + ";");
}

const struct {
    const char* parameters;
    const char* culprit;
} wrong_parameters[] = {
    {"", "remote_ssl_session_cache"},
    {"adress=127.0.0.1", "adress"},
    {"127.0.0.1", "127.0.0.1"},
    {"on adress=127.0.0.1", "adress"},
    {"ON", "ON"},
    {"on on", "on"},
    {"early_data=on", "early_data"},
    {"early_data", "early_data"},
    {"off off", "off"},
    {"on off", "off"},
    {"off on", "on"},
    {"=", ""},
    {"addr", "addr"},
    {"addr=", "addr"},
    {"addr=:6379", "addr"},
    {"addr=127.0.0.1 addr=127.0.0.1", "addr"},
    {"addr=unix:", "addr"},
    {"addr=unix:/tmp/s port=6379", "port"},
    {"port=6379 addr=unix:/tmp/s", "port"},
    {"addr=127.0.0.1:6379 port=6380", "port"},
    {"port=6380 addr=127.0.0.1:6379", "port"},
    {"addr=[::1]:6379 port=6379", "port"},
    {"addr=127.0.0.1:", "addr"},
    {"addr=127.0.0.1:0", "addr"},
    {"addr=127.0.0.1:65536", "addr"},
    {"addr=127.0.0.1:x", "addr"},
    {"addr=[::1", "addr"},
    {"addr=[]", "addr"},
    {"addr=[::1]x", "addr"},
    {"addr=[localhost]", "addr"},
    {"addr=::1", "addr"},
    {"port=", "port"},
    {"port=0", "port"},
    {"port=-1", "port"},
    {"port=65536", "port"},
    {"port=99999999999999999999", "port"},
    {"port=http", "port"},
    {"port=80x", "port"},
    {"port=1 port=1", "port"},
    {"type=", "type"},
    {"type=mongodb", "type"},
    {"type=Redis", "type"},
    {"type=redis type=redis", "type"},
    {"interval=", "interval"},
    {"interval=0", "interval"},
    {"interval=-1", "interval"},
    {"interval=1x", "interval"},
    {"interval=soon", "interval"},
    {"interval=99999999999999999999", "interval"},
    {"interval=1 interval=1", "interval"},
    {"timeout=", "timeout"},
    {"timeout=0", "timeout"},
    {"timeout=0ms", "timeout"},
    {"timeout=-1", "timeout"},
    {"timeout=1.5", "timeout"},
    {"timeout=99999999999999999999", "timeout"},
    {"timeout=99999999999999999999s", "timeout"},
    {"timeout=1 timeout=1", "timeout"},
    {"count=", "count"},
    {"count=0", "count"},
    {"count=-1", "count"},
    {"count=many", "count"},
    {"count=10k", "count"},
    {"count=99999999999999999999", "count"},
    {"count=1 count=unlimited", "count"},
    {"auth=", "auth"},
    {"auth=a auth=b", "auth"},
    {"db=", "db"},
    {"db=-1", "db"},
    {"db=x", "db"},
    {"db=99999999999999999999", "db"},
    {"db=1 db=1", "db"},
    {"type=memcached db=1", "db"},
    {"db=1 addr=127.0.0.1 type=memcached", "db"},
    {"type=redis addr=127.0.0.1 addr=127.0.0.2", "addr"},
    {"addr=127.0.0.1 addr=127.0.0.2", "addr"},
    {"addr=127.0.0.1,weight=2", "addr"},
    {"type=memcached addr=127.0.0.1,weight=0", "127.0.0.1,weight=0"},
    {"type=memcached auth=password", "auth"},
    {"sentinel=", "sentinel"},
    {"sentinel=a sentinel=b", "sentinel"},
    {"sentinel=a type=memcached", "sentinel"},
    {"sentinel_auth=a", "sentinel_auth"},
    {"sentinel=a addr=127.0.0.1,weight=2", "addr"},
    {"sentinel=a sentinel_auth=", "sentinel_auth"},
    {"prefix=a prefix=a", "prefix"},
    {"tickets=", "tickets"},
    {"tickets=on", "tickets"},
    {"tickets=off tickets=off", "tickets"},
    {"tls=", "tls"},
    {"tls=yes", "tls"},
    {"tls=on tls=on", "tls"},
    {"tls_ca=/tmp/ca.pem", "tls_ca"},
    {"tls=off tls_verify=off", "tls_verify"},
    {"tls=on tls_name=", "tls_name"},
    {"tls=on tls_cert=/tmp/c", "tls_cert_key"},
    {"tls=on addr=unix:/tmp/s", "tls_name"},
};

const char* const right_parameters[] = {
    "on",
    "off",
    "addr=127.0.0.1",
    "on addr=127.0.0.1",
    "addr=127.0.0.1 on",
    "addr=127.0.0.1:6379",
    "addr=127.0.0.1 port=1",
    "port=65535",
    "addr=[::1]",
    "addr=[::1]:6379",
    "addr=[::1] port=6379",
    "addr=unix:/tmp/redis.sock",
    "type=redis",
    "type=memcached",
    "type=memcached addr=127.0.0.1",
    "type=memcached addr=127.0.0.1 addr=127.0.0.2:11212 addr=unix:/tmp/s",
    "type=memcached addr=127.0.0.1,weight=2 addr=127.0.0.2",
    "type=memcached auth=user:password",
    "type=memcached addr=unix:/tmp/s auth=user:password",
    "tls=on type=memcached",
    "sentinel=mymaster",
    "sentinel=mymaster addr=127.0.0.1 addr=127.0.0.2:1 addr=unix:/tmp/s",
    "sentinel=mymaster auth=a:b db=1 sentinel_auth=c:d tls=on",
    "interval=10",
    "interval=200ms",
    "interval=1m",
    "timeout=10",
    "timeout=200ms",
    "timeout=1s",
    "timeout=1m",
    "count=1",
    "count=unlimited",
    "auth=password",
    "auth=user:password",
    "db=0",
    "db=15",
    "prefix=",
    "prefix=fleet:",
    "tickets=off",
    "tickets=keep",
    "tls=off",
    "tls=on",
    "tls=on tls_name=redis.example.com addr=unix:/tmp/s",
    "tls=off type=memcached",
    "interval=200 count=5000 timeout=1000 prefix=ngx_ssl: tickets=off",
};

// What is accepted, with a warning.
const struct {
    const char* parameters;
    const char* warning;
} odd_parameters[] = {
    {"off addr=127.0.0.1 port=6379",
     "other parameters have no effect next to \"off\" in "
     "\"remote_ssl_session_cache\" in "},
    {"timeout=1", "parameter \"timeout\" is only 1 ms"},
    {"auth=$pw", "\"$...\" in parameter \"auth\" is not a variable"},
    {"prefix=$host", "\"$...\" in parameter \"prefix\" is not a variable"},
    {"tls=on tls_verify=off", "with \"tls_verify=off\" any server is accepted"},
    {"type=memcached addr=127.0.0.1 addr=127.0.0.1:11211",
     "several parameters \"addr\" name \"127.0.0.1\""},
};

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

// The message names what is wrong and its place.
void check_refused(const Finished& tested, const std::string& culprit,
                   const std::string& file = "nginx.conf") {
    CAPTURE(tested.output);
    CHECK(tested.status != 0);
    CHECK(count_lines(tested.output, "[emerg]") == 1);
    CHECK(contains(tested.output, "\"" + culprit + "\""));
    CHECK(contains(tested.output, "/" + file + ":"));
}

void check_taken(const Finished& tested, std::size_t warnings = 0) {
    CAPTURE(tested.output);
    CHECK(tested.status == 0);
    CHECK(count_lines(tested.output, "[emerg]") == 0);
    CHECK(count_warnings(tested.output) == warnings);
}

}  // namespace

TEST_CASE("wrong parameters are refused by name") {
    for (const auto& wrong : wrong_parameters) {
        CAPTURE(std::string(wrong.parameters));
        check_refused(test_directive(wrong.parameters), wrong.culprit);
    }
}

TEST_CASE("a host that is not found is refused by name") {
    // Labels have at most 63 bytes, so no name server is asked about this one.
    const auto address = "addr=" + std::string(64, 'x');
    check_refused(test_directive(address), address);
    check_refused(test_directive(address + " type=memcached"), address);
}

TEST_CASE("a host that is not found is no error where there is a resolver") {
    const auto address = "addr=" + std::string(64, 'x');
    const auto line = "remote_ssl_session_cache " + address + ";";
    const std::string resolver = "resolver 127.0.0.1:1;";
    for (const auto& http : {resolver + line, line + resolver}) {
        const auto tested = test_config(http);
        check_taken(tested, 1);
        CHECK(contains(tested.output,
                       "host not found in parameter \"" + address + "\""));
        CHECK(contains(tested.output, "/nginx.conf:"));
    }

    NodeConfig server;  // the store does not use a single server's resolver
    server.server = resolver + line;
    check_refused(test_config("", server), address);
    server.server = "";
    check_refused(test_config(line, server), address);
}

TEST_CASE("passwords are not repeated to whoever reads the log") {
    for (const auto* parameters :
         {"auth=hunter2 auth=hunter2", "auth=me:hunter2 port=x",
          "sentinel_auth=hunter2",
          "sentinel=m sentinel_auth=a:hunter2 port=x"}) {
        const auto tested = test_directive(parameters);
        CHECK(tested.status != 0);
        CHECK_FALSE(contains(tested.output, "hunter2"));
    }
}

TEST_CASE("the directive twice in a block is refused") {
    const std::string twice =
        "remote_ssl_session_cache on; remote_ssl_session_cache on;";
    check_refused(test_config(twice), "remote_ssl_session_cache");
    NodeConfig server;
    server.server = twice;
    check_refused(test_config("", server), "remote_ssl_session_cache");
}

TEST_CASE("the directive in another context is refused") {
    for (const auto* place : {"events", "location"}) {
        NginxConfig config;
        if (place == std::string("events")) {
            config.events = "remote_ssl_session_cache on;";
        } else {
            config.http = "server { location / { "
                          "remote_ssl_session_cache on; } }";
        }
        check_refused(NginxPrefix(config).test(), "remote_ssl_session_cache");
    }
}

TEST_CASE("right parameters are taken") {
    for (const auto* parameters : right_parameters) {
        CAPTURE(std::string(parameters));
        check_taken(test_directive(parameters));
    }
}

TEST_CASE("odd parameters are taken, and warned of") {
    for (const auto& odd : odd_parameters) {
        CAPTURE(std::string(odd.parameters));
        const auto tested = test_directive(odd.parameters);
        check_taken(tested, 1);
        CHECK(contains(tested.output, odd.warning));
        CHECK(contains(tested.output, "/nginx.conf:"));
    }
}

TEST_CASE("wrong parameters are refused with what to write instead") {
    const auto tested = test_directive("addr=rediss://10.0.0.1:6380");
    check_refused(tested, "addr");
    CHECK(contains(tested.output,
                   "in parameter \"addr\" in \"remote_ssl_session_cache\" "
                   "(write \"addr=10.0.0.1:6380 tls=on\") in "));
}

TEST_CASE("files with secrets: one line, and nobody else's") {
    const TempDir dir;
    const auto file = dir.path() / "secret";
    const auto tested = [&](const std::string& content, mode_t mode) {
        write_file(file, content);
        std::filesystem::permissions(file, std::filesystem::perms(mode));
        return test_directive("auth=file:" + file.string());
    };
    check_taken(tested("hunter2\n", 0600));
    const auto open = tested("hunter2\n", 0644);
    check_taken(open, 1);
    CHECK(contains(open.output,
                   "others can read it: chmod 600 " + file.string()));
    for (const auto* content : {"hunter2\nhunter3\n", "", "\n"}) {
        const auto wrong = tested(content, 0600);
        CHECK(wrong.status != 0);
        CHECK(contains(wrong.output, "has to be of one line"));
        CHECK_FALSE(contains(wrong.output, "hunter"));
    }
}

TEST_CASE("a directive that takes the place of another, without its addr") {
    const std::string store = "remote_ssl_session_cache addr=10.0.0.1;";
    const auto with = [&](const std::string& line) {
        NodeConfig server;
        server.server = line;
        return test_config(store, server);
    };
    const auto tested = with("remote_ssl_session_cache tickets=keep;");
    check_taken(tested, 1);
    CHECK(contains(tested.output, "replaces the inherited one entirely, and "
                                  "has no \"addr\""));
    check_taken(with("remote_ssl_session_cache addr=10.0.0.2;"));
    check_taken(with("remote_ssl_session_cache off;"));
    check_taken(with(""));
    NodeConfig own;
    own.server = "remote_ssl_session_cache tickets=keep;";
    check_taken(test_config("remote_ssl_session_cache on;", own));
}

TEST_CASE("sessions that are prohibited beside the directive") {
    const std::string on = "remote_ssl_session_cache on;";
    const auto tested = test_config(on + "ssl_session_cache off;");
    check_taken(tested, 1);
    CHECK(contains(tested.output, "has no effect: \"ssl_session_cache off\" "
                                  "prohibits sessions in every server"));
    NodeConfig cached;
    cached.server = "ssl_session_cache none;";
    check_taken(test_config(on + "ssl_session_cache off;", cached));
}

TEST_CASE("a name is taken" * doctest::skip(!has_localhost())) {
    for (const auto* parameters : {"addr=localhost", "addr=localhost:6379"}) {
        CAPTURE(std::string(parameters));
        check_taken(test_directive(parameters));
    }
}

TEST_CASE("nginx -t connects nowhere") {
    const RedisServer redis;
    auto client = redis.client();
    const auto connections = [&] {
        return client.info("stats", "total_connections_received");
    };
    const auto before = connections();
    check_taken(test_config(directive(redis)));
    check_taken(test_config(
        "remote_ssl_session_cache addr=" + redis.address().text() + ";"));
    CHECK(connections() == before);
}

TEST_CASE("a server with the directive and without TLS is warned of") {
    const std::string on = "remote_ssl_session_cache on;";
    const ReservedPort port;
    const auto plain = [&](const std::string& lines) {
        return "server { listen " + port.address().text() + "; " + lines + " }";
    };
    const auto tested = test_config(plain(on));
    check_taken(tested, 1);
    CHECK(contains(tested.output, "remote_ssl_session_cache"));
    CHECK(contains(tested.output, "/nginx.conf:"));
    // There is no warning about what the server only inherits.
    check_taken(test_config(on + plain("")));
    check_taken(test_config(plain("remote_ssl_session_cache off;")));
}

TEST_CASE("early_data=once that has no effect is warned of") {
    const std::string once = "remote_ssl_session_cache early_data=once;";
    NodeConfig early;
    early.server = "ssl_early_data on;";
    check_taken(test_config(once, early));

    const auto without = test_config(once);
    check_taken(without, 1);
    CHECK(without.output.find("without \"ssl_early_data on\"") !=
          std::string::npos);

    // In http{}, it is meant for the servers that have early data.
    const ReservedPort port;
    check_taken(test_config(once + server_block({}, port.address()), early));
    NodeConfig own;
    own.server = once;
    check_taken(test_config(once + server_block(own, port.address()), early),
                1);

    early.server += " ssl_session_cache off;";
    const auto prohibited = test_config(once, early);
    CHECK(prohibited.output.find("refuses all early data") !=
          std::string::npos);
}

TEST_CASE("a server that differs from its socket's default is warned of") {
    const ReservedPort port, other;
    const auto server = [&](const Address& address, const std::string& name,
                            const std::string& line) {
        NodeConfig config;
        config.name = name;
        config.server = line;
        return server_block(config, address);
    };
    const auto servers = [&](const std::string& first,
                             const std::string& second) {
        return test_config(server(port.address(), "first", first) +
                           server(port.address(), "second", second));
    };
    const std::string on = "remote_ssl_session_cache on;";
    const std::string off = "remote_ssl_session_cache off;";
    const std::string other_db = "remote_ssl_session_cache db=1;";

    check_taken(servers(on, on));
    check_taken(servers(off, off));
    check_taken(servers("", ""));
    check_taken(servers(off, ""));
    for (const auto& lines : std::vector<std::pair<std::string, std::string>>{
             {on, off}, {off, on}, {on, ""}, {"", on}, {on, other_db}}) {
        CAPTURE(lines.first);
        CAPTURE(lines.second);
        const auto tested = servers(lines.first, lines.second);
        if (has_sni_before_session()) {  // each acts
            check_taken(tested);
        } else {
            check_taken(tested, 1);
            CHECK(contains(tested.output, "remote_ssl_session_cache"));
        }
    }
    // On sockets of their own they may differ.
    check_taken(test_config(server(port.address(), "first", on) +
                            server(other.address(), "second", off)));
}

namespace {

// nginx -t with a default server and ten others, all on two sockets; these
// lines are in http{}, in the default server and in the others.
Finished test_many(const std::string& http, const std::string& first = "",
                   const std::string& others = "",
                   const KeyPair* certificate = &certificates().ecdsa) {
    const ReservedPort one, two;
    const auto named = [&](const Address& address) {
        std::vector<NamedServer> servers = {{"first.example", first}};
        for (int i = 0; i < 10; ++i) {
            servers.push_back(
                {"n" + std::to_string(i) + ".example", others, certificate});
        }
        return company(servers, address);
    };
    return test_config(http + "\n" + named(one.address()) +
                       named(two.address()));
}

// If `expected`, there is one warning, and its line has all of the parts.
void check_warning(const Finished& tested,
                   const std::vector<std::string>& parts,
                   bool expected = true) {
    check_taken(tested, expected ? 1 : 0);
    std::istringstream lines(tested.output);
    std::size_t found = 0;
    for (std::string line; std::getline(lines, line);) {
        found += std::all_of(parts.begin(), parts.end(), [&](const auto& part) {
            return contains(line, part);
        });
    }
    CHECK(found == (expected ? 1 : 0));
}

}  // namespace

TEST_CASE("a cause is one warning, however many servers it concerns") {
    const std::string on = "remote_ssl_session_cache on;";
    const std::string off = "remote_ssl_session_cache off;";
    const bool rules = !has_sni_before_session();
    // One more server, alone on its socket, has the settings of http{}.
    check_warning(test_many("", on),
                  {" and 19 others differs in ", " and 1 other, where "},
                  rules);
    check_warning(test_many("", off, on),
                  {" and 19 others has no effect on ", " and 1 other, where "},
                  rules);
    check_warning(test_many("ssl_session_cache builtin; " + on),
                  {"\"builtin\"", rules ? " and 2 others" : " and 22 others"});
    check_taken(test_many(on));
}

TEST_CASE("a server without usable protocols has no sessions, and starts") {
    const ReservedPort port;
    auto useless = server_block({}, port.address());
    const std::string usual = "TLSv1.2 TLSv1.3";
    useless.replace(useless.find(usual), usual.size(), "SSLv3");

    NginxConfig alone;
    alone.http = "remote_ssl_session_cache on;\n" + useless;
    const auto tested = NginxPrefix(alone).test();
    CAPTURE(tested.output);
    CHECK(tested.status == 0);
    CHECK(count_warnings(tested.output) == 0);

    // Next to other servers it does no harm.
    RedisServer redis;
    NodeConfig config;
    config.http = useless;
    const Node node(directive(redis), config);
    REQUIRE(node.connected());
    for (auto options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        options.session = node.get(options).session();
        REQUIRE(wait_stored(redis, options.session));
        CHECK(node.get(options).reused);
    }
}

TEST_CASE("ticket keys are one warning, where they act") {
    const TempDir dir;
    write_file(dir.path() / "key", std::string(80, 'k'));
    const std::string on = "remote_ssl_session_cache on;";
    const auto key =
        "ssl_session_ticket_key \"" + (dir.path() / "key").string() + "\";";
    const bool rules = !has_sni_before_session();
    check_warning(test_many(key + on),
                  {"ticket_key", rules ? " and 2 others" : " and 22 others"});
    check_warning(test_many(on, key), {"ticket_key", " and 1 other"});
    // nginx uses the keys of the default server.
    check_taken(test_many(on, "", key));
}

TEST_CASE("a server without a certificate of its own is not warned of") {
    const std::string on = "remote_ssl_session_cache on;";
    const auto tested = [&](const std::string& others) {
        return test_many(on, "", others, nullptr);
    };
    check_taken(tested(""));
    check_warning(tested("remote_ssl_session_cache db=1;"), {"has no effect"});
}

TEST_CASE("prohibited sessions under another default are warned of") {
    const std::string on = "remote_ssl_session_cache on;";
    const std::string prohibited = "ssl_session_cache off;";
    const bool rules = !has_sni_before_session();
    check_warning(test_many(on, "", prohibited), {"only TLS 1.2 sessions"},
                  rules);
    check_warning(test_many(on, prohibited),
                  {" and 19 others has no effect on "});
    check_taken(test_many("remote_ssl_session_cache off;", "", prohibited));
}

TEST_CASE("the directive works in an included file, and says so") {
    const TempDir dir;
    write_file(dir.path() / "cache.conf",
               "\n\nremote_ssl_session_cache port=0;\n");
    const auto tested = test_config(
        "include \"" + (dir.path() / "cache.conf").string() + "\";");
    check_refused(tested, "port", "cache.conf");
    CHECK(contains(tested.output, "cache.conf:3"));
}
