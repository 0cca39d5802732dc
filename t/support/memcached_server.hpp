#pragma once

#include "support/files.hpp"
#include "support/memcached_client.hpp"
#include "support/process.hpp"
#include "support/socket.hpp"
#include "support/store_server.hpp"

#include <optional>
#include <string>

namespace support {

// A private memcached, on a Unix socket or on a loopback port. It cannot have
// both.
class MemcachedServer : public StoreServer {
  public:
    // at_plain_port: without TLS, which its other ports may have.
    enum class Listen { at_path, at_port, at_plain_port };

    // How it wants a password: with -S, in the binary protocol, or with -Y.
    enum class Auth { none, sasl, text };

    // `options` are for the command line: {"-I", "1024"}.
    explicit MemcachedServer(Arguments options = {},
                             Listen listen = Listen::at_path);

    MemcachedServer(Listen listen, Auth auth, const std::string& user,
                    const std::string& password);

    ~MemcachedServer() override;

    Listen listen() const { return listen_; }
    std::string unix_path() const;
    const Address& address() const { return port_.address(); }
    // As in the directive's addr parameter.
    std::string text() const;

    // Not with a password.
    MemcachedClient client() const;

    std::string parameters() const override;
    // Likewise.
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

    pid_t pid() const { return process_->pid(); }
    std::string log() const { return read_file(dir_.path() / "memcached.log"); }

  private:
    Arguments command() const;
    void make_sasl_password(const std::string& user,
                            const std::string& password) const;
    bool answers();

    TempDir dir_;
    ReservedPort port_;
    Arguments options_;
    Listen listen_;
    Auth auth_ = Auth::none;
    std::optional<Process> process_;
};

}  // namespace support
