#pragma once

#include "support/socket.hpp"
#include "support/unique_fd.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace support {

// One connection to a memcached, in its text protocol, to inspect it and set it
// up. Each function throws on a lost connection or an unexpected answer.
class MemcachedClient {
  public:
    explicit MemcachedClient(const std::string& unix_path);
    explicit MemcachedClient(const Address& address);

    std::optional<std::string> get(const std::string& key);
    void set(const std::string& key, const std::string& value,
             unsigned flags = 0, std::int64_t expiration = 0);
    bool exists(const std::string& key) { return get(key).has_value(); }
    void erase(const std::string& key);

    // In seconds. -1: no expiry, -2: there is no such key.
    std::int64_t ttl(const std::string& key);
    std::vector<std::string> keys();
    void flush();

    // One line of `stats`: stat("get_hits").
    std::string stat(const std::string& name);
    // How many bytes the smallest kind of item takes.
    std::size_t chunk_size();
    std::string version();

    // Bytes as they are.
    void write(std::string_view data);
    std::string read(std::size_t size);

  private:
    std::string read_line();
    std::string command(const std::string& line);
    // All lines of the answer before END.
    std::vector<std::string> list(const std::string& line);
    void receive();

    UniqueFd fd_;
    std::string received_;
};

}  // namespace support
