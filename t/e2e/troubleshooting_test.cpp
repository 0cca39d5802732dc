// The tables of docs/troubleshooting.md: the error log, or what nginx -t says,
// has the words of each row.

#include "support/files.hpp"
#include "support/key_files.hpp"
#include "support/markdown.hpp"
#include "support/node.hpp"
#include "support/tls_redis.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <functional>
#include <regex>
#include <sstream>

using namespace support;

namespace {

// The pieces of what stands in backquotes, which an ellipsis parts.
using Words = std::vector<std::string>;

struct Row {
    std::string seen;            // the first column
    std::vector<Words> phrases;  // all that it has in backquotes
};

Words pieces(std::string phrase) {
    Words words;
    const std::string ellipsis = "…";
    for (auto at = phrase.find(ellipsis); at != phrase.npos;
         at = phrase.find(ellipsis)) {
        words.push_back(phrase.substr(0, at));
        phrase.erase(0, at + ellipsis.size());
    }
    words.push_back(phrase);
    std::erase(words, "");
    return words;
}

std::vector<Row> documented() {
    std::vector<Row> rows;
    for (const Cells& cells :
         table_rows("docs/troubleshooting.md", "# Troubleshooting")) {
        Row row{cells.at(0), {}};
        static const std::regex quoted("`([^`]*)`");
        for (std::sregex_iterator at(row.seen.begin(), row.seen.end(), quoted),
             end;
             at != end; ++at) {
            row.phrases.push_back(pieces((*at)[1]));
        }
        rows.push_back(std::move(row));
    }
    return rows;
}

// Whether a line has all of it, in this order.
bool has(const std::string& text, const Words& words) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        std::size_t at = 0;
        for (const auto& word : words) {
            at = at == line.npos ? at : line.find(word, at);
            at = at == line.npos ? at : at + word.size();
        }
        if (at != line.npos) {
            return true;
        }
    }
    return false;
}

// Of the lines that a clang-format has broken.
std::string source(const std::string& file) {
    static const std::regex broken("\"\\s*\n\\s*\"");
    auto text = std::regex_replace(read_file(repository() / file), broken, "");
    return std::regex_replace(text, std::regex(R"(\\")"), "\"");
}

std::string tested(const std::string& http, const NodeConfig& server = {}) {
    const ReservedPort port;
    NginxConfig config;
    config.http = http + "\n" + server_block(server, port.address());
    return NginxPrefix(config).test().output;
}

using Finds = std::function<bool(const std::string& log)>;

// What a node logs with this directive and a few clients, until it is there.
std::string logged(const std::string& parameters, const Finds& finds,
                   const std::string& server = "") {
    NodeConfig config;
    config.server = server;
    const Node node("remote_ssl_session_cache interval=20 " + parameters + ";",
                    config);
    eventually([&] {
        node.get(tls12());
        return finds(node.nginx().log());
    });
    return node.nginx().log();
}

std::string at(const Address& address) {
    return " addr=" + address.text();
}

std::string at(const RedisServer& redis) {
    return " " + redis.parameters();
}

std::string kept_by_redis(const Arguments& command, const Finds& finds,
                          const std::string& parameters = "") {
    RedisServer redis;
    redis.client().command(command);
    return logged(at(redis) + parameters, finds);
}

std::string of_rotate(const Finds& /* finds */) {
    const KeyFiles keys;
    return tested("ssl_session_timeout 1d; remote_ssl_session_cache "
                  "tickets=shared rotate=1m" +
                  keys.parameters("a") + ";");
}

std::string of_ticket_key(const Finds& /* finds */) {
    const KeyFiles keys;
    return tested("ssl_session_ticket_key " + keys.file('a') +
                  "; remote_ssl_session_cache" + keys.parameters("a") + ";");
}

std::string of_tickets_off(const Finds& /* finds */) {
    const KeyFiles keys;
    return tested("ssl_session_tickets off; remote_ssl_session_cache "
                  "tickets=shared" +
                  keys.parameters("a") + ";");
}

std::string of_zeros(const Finds& /* finds */) {
    const TempDir dir;
    const auto file = dir.path() / "key";
    write_file(file, std::string(80, '\0'));
    return tested("remote_ssl_session_cache key=" + file.string() + ";");
}

std::string of_frozen(const Finds& finds) {
    RedisServer redis;
    const Node node("remote_ssl_session_cache interval=20 timeout=100" +
                        at(redis) + ";",
                    {});
    const auto session = node.get(tls12()).session();
    REQUIRE(wait_stored(redis, session));
    redis.freeze();
    eventually([&] {
        node.get(tls12(session));
        return finds(node.nginx().log());
    });
    redis.thaw();
    return node.nginx().log();
}

std::string of_late_key(const Finds& finds) {
    const KeyFiles keys;
    const ReservedPort nobody;
    return logged(
        "tickets=shared" + at(nobody.address()) + keys.parameters("a"), finds);
}

std::string of_no_tls(const Finds& finds) {
    NodeConfig config;
    config.nginx.load_module = false;
    const Node http(config);
    const RedisServer redis;
    return logged("tls=on" + at(http.status()), finds) +
           logged("tls=on timeout=100" + at(redis.address()), finds);
}

std::string of_other_servers(const Finds& finds) {
    NodeConfig config;
    config.nginx.load_module = false;
    const Node http(config);
    const RedisServer redis;
    const MemcachedServer memcached({}, MemcachedServer::Listen::at_port);
    return logged(at(http.status()), finds) +
           logged("type=memcached" + at(redis.address()), finds) +
           logged(at(memcached.address()), finds);
}

std::string of_auth(const Finds& finds) {
    const RedisServer redis({"--requirepass", "secret"}, {"secret"});
    return logged("auth=wrong" + at(redis), finds) + logged(at(redis), finds);
}

std::string of_tls(const Finds& finds) {
    const TlsRedis redis;
    return logged(at(redis.tls_address()), finds);
}

std::string of_untrusted(const Finds& finds) {
    const TlsRedis redis;
    return logged("tls=on" + at(redis.tls_address()), finds);
}

// The store's user may not do what early data needs.
std::string of_survey(const Finds& finds) {
    const RedisServer redis({"--user", "node", "on", ">secret", "~ngx_ssl:*",
                             "-@all", "+auth", "+ping", "+get", "+set",
                             "+setex", "+del"});
    return logged("auth=node:secret early_data=once" + at(redis), finds,
                  "ssl_early_data on;");
}

std::string of_replica(const Finds& finds) {
    const ReservedPort nobody;
    return kept_by_redis(
        {"REPLICAOF", "127.0.0.1", std::to_string(nobody.number())}, finds);
}

std::string of_full(const Finds& finds) {
    return kept_by_redis({"CONFIG", "SET", "maxmemory", "1"}, finds);
}

std::string of_no_cluster(const Finds& finds) {
    const RedisServer redis;
    return logged("cluster=on" + at(redis.address()), finds);
}

std::string of_no_sasl(const Finds& finds) {
    const MemcachedServer memcached({}, MemcachedServer::Listen::at_port);
    return logged("type=memcached auth=user:password" + at(memcached.address()),
                  finds);
}

std::string of_memcached_auth(const Finds& finds) {
    const MemcachedServer memcached(MemcachedServer::Listen::at_port,
                                    MemcachedServer::Auth::text, "user",
                                    "secret");
    return logged("type=memcached auth=user:wrong" + at(memcached.address()),
                  finds) +
           logged("type=memcached" + at(memcached.address()), finds);
}

// Either what brings it about, or the test that does so.
struct Case {
    const char*
        seen;  // the beginning of a row, or of what is in its backquotes
    std::function<std::string(const Finds& finds)> provoke{};
    const char* elsewhere = nullptr;
};

const std::vector<Case> cases{
    {"full handshakes, and nobody knows why", {}, "t/e2e/status_test.cpp"},
    {"`module \"…\" version", {}, "patches/build.sh"},
    {"no sessions arrive in Redis", {}, "t/e2e/config_test.cpp"},
    {"sessions resume at their own node only", {}, "t/e2e/isolation_test.cpp"},
    {"`stored session is not used", {}, "t/e2e/forgery_test.cpp"},
    {"`parameter \"key\" … cannot be used: OpenSSL has no",
     {},
     "t/e2e/restricted_test.cpp"},
    {"`parameter \"key\" … cannot be used: OpenSSL's",
     {},
     "t/e2e/restricted_test.cpp"},
    {"`key file \"…\" is not random", of_zeros},
    {"`a \"key\" …", of_ticket_key},
    {"TLS 1.3 does not resume", {}, "t/e2e/resumption_test.cpp"},
    {"`AUTH failed: WRONGPASS", of_auth},
    {"`no stack for a coroutine", {}, "t/e2e/stacks_test.cpp"},
    {"JavaScript in a variable", {}, "t/e2e/stacks_test.cpp"},
    {"`GET timed out`", of_frozen},
    {"`TLS handshake failed: certificate verify failed", of_untrusted},
    {"`the port may be one without TLS", of_no_tls},
    {"`unavailable: HELLO failed: ERR max number of clients",
     {},
     "t/backends/hang_up_test.cpp"},
    {"`No buffer space available", {}, "t/backends/hang_up_test.cpp"},
    {"`(tls=on)", of_tls},
    {"`it seems to be …", of_other_servers},
    {"`recv() failed: tlsv13 alert certificate required",
     {},
     "t/backends/redis/tls_test.cpp"},
    {"`the store tells no ticket key", of_late_key},
    {"`\"ssl_session_tickets off\"", of_tickets_off},
    {"`parameter \"rotate\"", of_rotate},
    {"`the clock here is", {}, "t/backends/claim_test.cpp"},
    {"`TIME failed: NOPERM", of_survey},
    {"`stats failed", {}, "t/backends/claim_test.cpp"},
    {"`SET failed: OOM", {}, "t/backends/health_test.cpp"},
    {"`SETEX failed: OOM", of_full},
    {"`SETEX failed: READONLY", of_replica},
    {"`resolving failed: …: Sentinel",
     {},
     "t/backends/redis/sentinel_test.cpp"},
    {"`ROLE failed", {}, "t/backends/redis/sentinel_test.cpp"},
    {"`redis cluster of", of_no_cluster},
    {"`GET failed: CLUSTERDOWN", {}, "t/faults/cluster_process_test.cpp"},
    {"`…: no address is known", {}, "t/backends/redis/cluster_test.cpp"},
    {"`several parameters", {}, "t/backends/memcached/ring_test.cpp"},
    {"`auth failed: …", of_memcached_auth},
    {"`auth failed: the server has no SASL", of_no_sasl},
};

const Case* case_of(const Row& row) {
    const auto found =
        std::find_if(cases.begin(), cases.end(), [&](const Case& one) {
            return row.seen.starts_with(one.seen);
        });
    return found != cases.end() ? &*found : nullptr;
}

}  // namespace

TEST_CASE("troubles: each row of the document has a test") {
    const auto rows = documented();
    CHECK(rows.size() == cases.size());
    for (const auto& row : rows) {
        CAPTURE(row.seen);
        const Case* found = case_of(row);
        REQUIRE(found != nullptr);
        if (found->elsewhere != nullptr) {
            CHECK_FALSE(source(found->elsewhere).empty());
        }
    }
}

TEST_CASE("troubles: the words of each row are in the log") {
    for (const auto& row : documented()) {
        CAPTURE(row.seen);
        const Case* found = case_of(row);
        if (found == nullptr || !found->provoke) {
            continue;
        }
        const auto log = found->provoke([&](const std::string& text) {
            return std::any_of(
                row.phrases.begin(), row.phrases.end(),
                [&](const Words& words) { return has(text, words); });
        });
        CAPTURE(log);
        for (const Words& words : row.phrases) {
            CAPTURE(words.front());
            CHECK(has(log, words));
        }
    }
}
