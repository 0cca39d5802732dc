#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace support {

// The common interface of Redis and memcached: enough to run tests about the
// store on either.
class StoreServer {
  public:
    virtual ~StoreServer() = default;

    // The directive's parameters for it, with its Unix socket if it has one.
    virtual std::string parameters() const = 0;

    virtual std::optional<std::string> get(const std::string& key) const = 0;
    // Without an expiry.
    virtual void set(const std::string& key,
                     const std::string& value) const = 0;
    virtual void erase(const std::string& key) const = 0;
    virtual std::vector<std::string> keys() const = 0;
    // In seconds. -1: no expiry, -2: there is no such key.
    virtual std::int64_t ttl(const std::string& key) const = 0;
    virtual void flush() const = 0;

    bool exists(const std::string& key) const { return get(key).has_value(); }

    // As if its machine had stopped. Connections stay open.
    virtual void freeze() = 0;
    virtual void thaw() = 0;

    virtual void kill9() = 0;
    // Starts it again on the same addresses, empty.
    virtual void start() = 0;
};

}  // namespace support
