#pragma once

#include <functional>
#include <memory>
#include <openssl/ssl.h>
#include <string>
#include <vector>

namespace support {

using SharedSession = std::shared_ptr<SSL_SESSION>;

// A TLS server without a cache or tickets of its own. Its connections are in
// memory.
class TlsServer {
  public:
    // TLS1_2_VERSION or TLS1_3_VERSION
    explicit TlsServer(int protocol);

    struct Met {
        bool reused;
        std::vector<SharedSession> made;  // by the server, in this handshake
        SharedSession client;             // for the next visit
    };
    // A whole handshake with a client that offers `session`, if any.
    Met meet(const SharedSession& session = nullptr);

    // The server looks a session up by its ID with this, and owns the result.
    using Lookup = std::function<SSL_SESSION*(std::string id)>;
    void on_lookup(Lookup lookup) { lookup_ = std::move(lookup); }

    int protocol() const { return protocol_; }

  private:
    using Context = std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)>;

    void configure_server();
    void configure_client();

    int protocol_;
    Context server_;
    Context client_;
    Lookup lookup_;
    Met met_{};
};

}  // namespace support
