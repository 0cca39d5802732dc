#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace support {

// What Redis and memcached have in common: enough for tests about the store
// to run on either.
class StoreServer {
  public:
    virtual ~StoreServer() = default;

    // The directive's parameters that lead to it, on its Unix socket where
    // it has one.
    virtual std::string parameters() const = 0;

    virtual std::optional<std::string> get(const std::string& key) const = 0;
    // For ever.
    virtual void set(const std::string& key,
                     const std::string& value) const = 0;
    virtual void erase(const std::string& key) const = 0;
    virtual std::vector<std::string> keys() const = 0;
    // Seconds; -1: for ever, -2: there is no such key.
    virtual std::int64_t ttl(const std::string& key) const = 0;
    virtual void flush() const = 0;

    bool exists(const std::string& key) const { return get(key).has_value(); }

    // As if its machine had stopped answering: connections stay open.
    virtual void freeze() = 0;
    virtual void thaw() = 0;

    virtual void kill9() = 0;
    // Again on the same addresses, and empty.
    virtual void start() = 0;
};

}  // namespace support
