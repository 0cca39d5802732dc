#pragma once

#include "support/files.hpp"
#include "support/process.hpp"
#include "support/redis_client.hpp"
#include "support/socket.hpp"

#include <optional>
#include <string>

namespace support {

// A private redis-server on a Unix socket and on a loopback port.
class RedisServer {
  public:
    // `options` go onto the command line: {"--requirepass", "secret"};
    // `credentials` are what AUTH needs from us then.
    explicit RedisServer(Arguments options = {}, Arguments credentials = {});
    ~RedisServer();

    std::string unix_path() const;
    const Address& address() const { return port_.address(); }

    RedisClient client() const;

    // As if its machine had stopped answering: connections stay open.
    void freeze();
    void thaw();

    void kill9();
    // Again on the same addresses, and empty.
    void start();

    std::string log() const { return read_file(dir_.path() / "redis.log"); }

  private:
    bool answers();

    TempDir dir_;
    ReservedPort port_;
    Arguments options_;
    Arguments credentials_;
    std::optional<Process> process_;
};

}  // namespace support
