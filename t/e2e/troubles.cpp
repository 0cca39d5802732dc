#include "troubles.hpp"

#include "support/clocks.hpp"
#include "support/early_data.hpp"
#include "support/key_files.hpp"
#include "support/preload.hpp"
#include "support/redis_cluster.hpp"
#include "support/sentinel_server.hpp"
#include "support/tls_redis.hpp"

#include <cstdint>
#include <cstring>
#include <doctest/doctest.h>
#include <sys/socket.h>
#include <vector>

using namespace support;

namespace troubles {

namespace {

std::string tested(const std::string& http, const NodeConfig& server = {}) {
    const ReservedPort port;
    NginxConfig config;
    config.http = http + "\n" + server_block(server, port.address());
    return NginxPrefix(config).test().output;
}

// What a node with this directive and a few clients logs until `finds` is true.
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

std::string replaced(std::string text, const std::string& from,
                     const std::string& to) {
    for (auto at = text.find(from); at != text.npos; at = text.find(from, at)) {
        text.replace(at, from.size(), to);
        at += to.size();
    }
    return text;
}

// nginx -t with a key and an OpenSSL that has this fault.
std::string with_fault(const std::string& name) {
    const Preload preload("openssl_faults");
    const Environment fault("OPENSSL_FAULT", name);
    const KeyFiles keys;
    return tested("remote_ssl_session_cache" + keys.parameters("a") + ";");
}

std::string kept_by_redis(const Arguments& command, const Finds& finds,
                          const std::string& parameters = "") {
    RedisServer redis;
    redis.client().command(command);
    return logged(at(redis) + parameters, finds);
}

}  // namespace

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
    REQUIRE(node.connected());
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

// A module that says in all of its tables that it was built for another nginx.
std::string of_other_nginx(const Finds& /* finds */) {
    const auto [major, minor, patch] = nginx_version();
    const auto bytes = [](std::uint64_t number) {
        std::string text(sizeof number, '\0');
        std::memcpy(text.data(), &number, sizeof number);
        return text;
    };
    const auto wide = [](int part) { return static_cast<std::uint64_t>(part); };
    const std::uint64_t number =
        1'000'000 * wide(major) + 1'000 * wide(minor) + wide(patch);
    const TempDir dir;
    const auto module = dir.path() / "module.so";
    write_file(module, replaced(read_file(module_path()), bytes(number),
                                bytes(number + 1)));
    NginxConfig config;
    config.load_module = false;
    config.main = load_line(module);
    return NginxPrefix(config).test().output;
}

std::string of_lacking_openssl(const Finds& /* finds */) {
    return with_fault("HKDF");
}

std::string of_wrong_openssl(const Finds& /* finds */) {
    return with_fault("mac");
}

std::string of_no_libmemcached(const Finds& /* finds */) {
    const TempDir dir;
    write_file(dir.path() / "libmemcached.so.11", "no library");
    const Environment path("LD_LIBRARY_PATH", dir.path().string());
    return tested("remote_ssl_session_cache type=memcached addr=127.0.0.1 "
                  "addr=127.0.0.2;");
}

// What one node has stored is put where another one looks for it.
std::string of_other_keys(const Finds& /* finds */) {
    RedisServer redis;
    const KeyFiles keys;
    const Node bare(directive(redis), {});
    const Node a(directive(redis, "timeout=60s" + keys.parameters("a")), {});
    const Node b(directive(redis, "timeout=60s" + keys.parameters("b")), {});
    for (const Node* node : {&bare, &a, &b}) {
        REQUIRE(node->connected());
    }
    const auto plain = bare.get(tls12()).session();
    const auto plain_name = "ngx_ssl:" + session_id(plain);
    REQUIRE(eventually([&] { return redis.exists(plain_name); }));
    redis.set(KeyFiles::name('a', plain), redis.get(plain_name).value());
    a.get(tls12(plain));

    const auto sealed = b.get(tls12()).session();
    const auto name = KeyFiles::name('b', sealed);
    REQUIRE(eventually([&] { return redis.exists(name); }));
    const auto value = redis.get(name).value();
    redis.set(KeyFiles::name('a', sealed), value);
    redis.set("ngx_ssl:" + session_id(sealed), value);
    a.get(tls12(sealed));
    bare.get(tls12(sealed));
    return a.nginx().log() + bare.nginx().log();
}

std::string of_full_clients(const Finds& finds) {
    const RedisServer redis({"--maxclients", "1"});
    const Socket only(redis.address());
    return logged(at(redis.address()), finds) +
           logged("auth=secret" + at(redis.address()), finds);
}

// Clients take all connections of the worker before it can connect again.
std::string of_no_connections(const Finds& finds) {
    RedisServer redis;
    NodeConfig config;
    config.nginx.connections = 12;
    const Node node("remote_ssl_session_cache interval=20" + at(redis) + ";",
                    config);
    REQUIRE(node.connected());
    node.nginx().expect_complaint("worker_connections are not enough");
    redis.kill9();
    std::vector<Socket> crowd;
    eventually([&] {
        const auto& client = crowd.emplace_back(node.address());
        // nginx would close a silent client to make room for others. There
        // may be no room for this one.
        send(client.fd(), "\x16", 1, MSG_NOSIGNAL);
        return finds(node.nginx().log());
    });
    return node.nginx().log();
}

std::string of_no_certificate(const Finds& finds) {
    const TlsRedis redis(certificates().store, {"--tls-auth-clients", "yes"});
    return logged(at(redis), finds);
}

std::string of_clocks(const Finds& finds) {
    const RedisServer redis;
    std::string log;
    for (const long long ahead : {60, -60}) {
        const Clocks clocks(ahead);
        log +=
            logged("early_data=once" + at(redis), finds, "ssl_early_data on;");
    }
    return log;
}

// A node that has just connected refuses early data anyway.
std::string of_full_claims(const Finds& /* finds */) {
    constexpr long long window = 61;
    Clocks clocks;
    const RedisServer redis;
    EarlyNodes nodes(redis, "early_data=once timeout=60s", "", 1);
    REQUIRE(nodes.surveyed());
    clocks.skip(window);
    const auto flight = nodes.record();
    redis.client().command({"CONFIG", "SET", "maxmemory", "1"});
    CHECK(nodes.replay(flight, 1) == 0);
    return nodes[0].nginx().log();
}

std::string of_no_such_master(const Finds& finds) {
    const RedisServer redis;
    const SentinelServer sentinel(redis.address(), 1);
    return logged("sentinel=another" + at(sentinel.address()), finds);
}

std::string of_no_master(const Finds& finds) {
    const RedisServer redis;
    const SentinelServer sentinel(redis.address(), 1);
    const ReservedPort nobody;
    redis.client().command(
        {"REPLICAOF", "127.0.0.1", std::to_string(nobody.number())});
    return logged(std::string("sentinel=") + Watched::name +
                      at(sentinel.address()),
                  finds);
}

std::string of_cluster_down(const Finds& finds) {
    const RedisCluster cluster(3, 0,
                               {"--cluster-require-full-coverage", "yes",
                                "--cluster-node-timeout", "500"});
    const Node node("remote_ssl_session_cache " + cluster.parameters() + ";",
                    {});
    const auto clients = make_sessions(node, 8);
    cluster[0].kill9();
    eventually([&] {
        for (const auto& client : clients) {
            node.get(client);
        }
        return finds(node.nginx().log());
    });
    return node.nginx().log();
}

std::string of_announced_names(const Finds& finds) {
    const RedisCluster cluster(1, 0, {"--cluster-announce-ip", "node.test"});
    return logged(cluster.parameters(), finds);
}

}  // namespace troubles
