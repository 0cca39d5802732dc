#pragma once

#include "support/socket.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

struct redisContext;

namespace support {

// One connection to a Redis server, to inspect it and set it up. Each function
// throws on a lost connection or an unexpected error reply.
class RedisClient {
  public:
    // `address` is a Unix socket's path, or "host:port". `credentials` are
    // AUTH's arguments, if any.
    explicit RedisClient(const std::string& address,
                         const std::vector<std::string>& credentials = {});
    ~RedisClient();

    struct Reply {
        bool error = false;
        std::optional<std::string> text;  // nothing for a nil reply
        std::int64_t integer = 0;
        std::vector<std::string> elements;
    };
    // Returns any answer of the server, also errors.
    Reply try_command(const std::vector<std::string>& words);
    Reply command(const std::vector<std::string>& words);

    void select(int db);

    std::vector<std::string> keys(const std::string& pattern = "*");
    std::optional<std::string> get(const std::string& key);
    void set(const std::string& key, const std::string& value);
    bool exists(const std::string& key);
    void erase(const std::string& key);
    std::int64_t ttl(const std::string& key);
    std::int64_t dbsize();
    void flushall();
    void config_set(const std::string& name, const std::string& value);
    // One field of INFO: info("stats", "keyspace_hits").
    std::string info(const std::string& section, const std::string& field);

  private:
    std::unique_ptr<redisContext, void (*)(redisContext*)> context_;
};

}  // namespace support
