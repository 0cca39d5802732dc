// What docs/stores.md says about the memory that a session takes in the store.

#include "support/key_files.hpp"
#include "support/markdown.hpp"
#include "support/node.hpp"

#include <cmath>
#include <doctest/doctest.h>
#include <map>

using namespace support;

namespace {

// Bytes per session.
struct Room {
    double value;
    double redis;
    double memcached;
};

// The table's rows, by their first column.
std::map<std::string, Room> table() {
    std::map<std::string, Room> rows;
    for (const Cells& cells : table_rows("docs/stores.md", "## Memory")) {
        REQUIRE(cells.size() == 4);
        rows[cells[0]] = {std::stod(cells[1]), std::stod(cells[2]),
                          std::stod(cells[3])};
    }
    return rows;
}

// A session as the store has it.
struct Stored {
    std::string key;
    std::string value;
};

Stored stored(const KeyFiles& files, const TlsOptions& options) {
    RedisServer redis;
    NodeConfig config;
    if (options.certificate != nullptr) {
        config = verifying_clients();
    }
    config.http = "remote_ssl_session_cache " + redis.parameters() +
                  files.parameters("a") + " tickets=off;";
    Node node(config);
    REQUIRE(node.connected());

    REQUIRE_FALSE(node.get(options).body().empty());
    std::vector<std::string> keys;
    REQUIRE(eventually([&] {
        keys = redis.keys();
        std::erase(keys, "ngx_ssl:keys");  // see fleet_keys_test.cpp
        return !keys.empty();
    }));
    return {keys.front(), redis.get(keys.front()).value()};
}

double used_memory(RedisClient& client) {
    return std::stod(client.info("memory", "used_memory"));
}

// Bytes per session of `count` sessions like this one, with keys as long.
double bytes_in(RedisClient& client, const Stored& session, int count) {
    client.flushall();
    const double before = used_memory(client);

    const std::string script =
        "for i = 1, ARGV[2] do redis.call('SETEX', "
        "string.format('%0' .. #KEYS[1] .. 'd', i), 9999, ARGV[1]) end";
    client.command({"EVAL", script, "1", session.key, session.value,
                    std::to_string(count)});
    REQUIRE(client.dbsize() == count);
    return (used_memory(client) - before) / count;
}

// memcached has chunks of certain sizes, and an item takes one of them.
double bytes_in_memcached(const Stored& session) {
    const MemcachedServer memcached;
    memcached.set(session.key, session.value);
    return static_cast<double>(memcached.client().chunk_size());
}

bool is_near(double said, double measured) {
    return std::abs(said - measured) <= 0.1 * measured;
}

// The table is for Redis 7.0. Newer versions and Valkey may take less.
void check_redis(RedisClient& client, double said, double measured) {
    INFO(measured);
    if (client.info("server", "redis_version").starts_with("7.0.")) {
        CHECK(is_near(said, measured));
    } else {
        CHECK(measured <= 1.1 * said);
    }
}

}  // namespace

TEST_CASE("capacity: sessions take the memory that docs/stores.md says") {
    const KeyFiles files;
    const RedisServer redis;
    RedisClient client = redis.client();
    const auto rows = table();
    TlsOptions verified = tls13();
    verified.certificate = &certificates().client;
    const std::map<std::string, TlsOptions> kinds{
        {"TLS 1.2", tls12()},
        {"TLS 1.3", tls13()},
        {"TLS 1.3, with a client certificate", verified}};

    CHECK(rows.size() == kinds.size());
    for (const auto& each : kinds) {
        const std::string& kind = each.first;
        const TlsOptions& options = each.second;
        CAPTURE(kind);
        const Stored session = stored(files, options);
        CAPTURE(session.value.size());
        const auto room = rows.find(kind);
        REQUIRE(room != rows.end());
        // Just before a hash table grows, and just after.
        for (const int count : {65'000, 70'000}) {
            check_redis(client, room->second.redis,
                        bytes_in(client, session, count));
        }
        const double bytes = bytes_in_memcached(session);
        CHECK_MESSAGE(is_near(room->second.memcached, bytes), bytes);
        CHECK(is_near(room->second.value,
                      static_cast<double>(session.value.size())));
    }
}
