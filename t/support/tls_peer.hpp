#pragma once

#include "support/certificates.hpp"
#include "support/peer.hpp"

#include <memory>
#include <openssl/ssl.h>
#include <string>
#include <string_view>

namespace support {

// A peer that speaks TLS on its connection, byte by byte if necessary. Nothing
// leaves unless a test sends it.
class TlsPeer : public Peer {
  public:
    explicit TlsPeer(const KeyPair& certificate = certificates().store,
                     int protocol = TLS1_3_VERSION);

    SSL_CTX* context() const { return context_.get(); }
    SSL* ssl() const { return ssl_.get(); }

    // Accepts the next connection.
    bool accept();

    // Reads what has come, and goes on with the handshake. flush() sends the
    // results.
    void step();
    bool shaken() const { return SSL_is_init_finished(ssl_.get()) == 1; }

    // Sends what there is, but at most `most` bytes.
    void flush(std::size_t most = std::string::npos);

    // Everything that was received, decrypted.
    const std::string& heard() const { return heard_; }
    // Whether it ended with a close_notify.
    bool dismissed() const;

    // Encrypts `text`. flush() sends it.
    void say(std::string_view text);

  private:
    std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context_;
    std::unique_ptr<SSL, void (*)(SSL*)> ssl_;
    BIO* in_ = nullptr;   // the SSL's
    BIO* out_ = nullptr;  // the SSL's
    std::size_t taken_ = 0;
    std::string heard_;
};

}  // namespace support
