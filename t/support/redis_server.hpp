#pragma once

#include "support/files.hpp"
#include "support/process.hpp"
#include "support/redis_client.hpp"
#include "support/socket.hpp"
#include "support/store_server.hpp"

#include <optional>
#include <string>

namespace support {

// A private redis-server on a Unix socket and on a loopback port.
class RedisServer : public StoreServer {
  public:
    // `options` are for the command line: {"--requirepass", "secret"}.
    // `credentials` are then our arguments for AUTH.
    explicit RedisServer(Arguments options = {}, Arguments credentials = {});
    ~RedisServer() override;

    std::string unix_path() const;
    const Address& address() const { return port_.address(); }

    RedisClient client() const;

    std::string parameters() const override;
    std::optional<std::string> get(const std::string& key) const override;
    void set(const std::string& key, const std::string& value) const override;
    void erase(const std::string& key) const override;
    std::vector<std::string> keys() const override;
    std::int64_t ttl(const std::string& key) const override;
    void flush() const override;

    void freeze() override;
    void thaw() override;
    void kill9() override;
    void start() override;
    // With more options than usual.
    void start(const Arguments& more);
    bool frozen() const { return frozen_; }
    // Makes it run, whatever was done to it.
    void thaw_or_start() { process_ ? thaw() : start(); }

    std::string log() const { return read_file(dir_.path() / "redis.log"); }

  private:
    bool answers();

    TempDir dir_;
    ReservedPort port_;
    Arguments options_;
    Arguments credentials_;
    std::optional<Process> process_;
    bool frozen_ = false;
};

}  // namespace support
