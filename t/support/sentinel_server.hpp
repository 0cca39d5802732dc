#pragma once

#include "support/files.hpp"
#include "support/process.hpp"
#include "support/redis_client.hpp"
#include "support/redis_server.hpp"
#include "support/socket.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace support {

// A private Sentinel on a loopback port, which fails over within a second.
class SentinelServer {
  public:
    // `lines` are more lines of its configuration.
    SentinelServer(const Address& master, unsigned quorum,
                   const std::vector<std::string>& lines = {},
                   Arguments credentials = {});
    ~SentinelServer();

    const Address& address() const { return port_.address(); }
    RedisClient client() const;

    // The master's address, according to it.
    std::string master() const;
    // How often it was asked for the master.
    std::string log() const { return read_file(dir_.path() / "log"); }

    void freeze() { process_->freeze(); }
    void thaw() { process_->signal(SIGCONT); }
    void kill9();
    void start();

  private:
    TempDir dir_;
    ReservedPort port_;
    Arguments credentials_;
    std::optional<Process> process_;
};

// A primary, a replica and their Sentinels, which know of each other.
class Watched {
  public:
    static constexpr auto name = "mymaster";

    // `options` are the servers', and `credentials` are for them. `lines` are
    // more lines of the Sentinels' configuration.
    explicit Watched(std::size_t sentinels = 3, const Arguments& options = {},
                     const Arguments& credentials = {},
                     const std::vector<std::string>& lines = {},
                     const Arguments& sentinel_credentials = {});

    RedisServer& a() { return *servers_[0]; }
    RedisServer& b() { return *servers_[1]; }
    SentinelServer& sentinel(std::size_t n = 0) { return *sentinels_[n]; }
    std::size_t count() const { return sentinels_.size(); }

    // By command: b replaces a. Returns when the Sentinels say so.
    void fail_over();
    // By hand: b becomes the master and a its replica, and the first Sentinel
    // is told.
    void swap();
    // Waits until all Sentinels in `asked` name this server.
    bool names(const RedisServer& server,
               const std::vector<std::size_t>& asked = {0, 1, 2}) const;

    // The directive's parameters.
    std::string parameters() const;

  private:
    bool settled() const;

    std::vector<std::unique_ptr<RedisServer>> servers_;
    std::vector<std::unique_ptr<SentinelServer>> sentinels_;
};

}  // namespace support
