#pragma once

#include "support/certificates.hpp"
#include "support/socket.hpp"

#include <ctime>
#include <memory>
#include <openssl/ssl.h>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace support {

using Session = std::shared_ptr<SSL_SESSION>;

// The ID by which a server can look the session up. TLS 1.3 sends it as the
// ticket.
std::string raw_session_id(const Session& session);
// In lower-case hexadecimal.
std::string session_id(const Session& session);

// When it was made, in seconds since 1970. OpenSSL 3.4 and newer have other
// functions for that.
std::time_t made_at(const SSL_SESSION* session);
void set_made_at(SSL_SESSION* session, std::time_t time);

// The master secret in TLS 1.2; in TLS 1.3 the PSK (RFC 8446, 4.6.1).
std::string secret_of(const Session& session);

struct TlsOptions {
    int min_version = TLS1_2_VERSION;
    int max_version = TLS1_3_VERSION;
    Session session = nullptr;
    std::string server_name;  // if empty: no SNI, and Host: localhost
    std::vector<std::string> alpn = {};
    std::string groups;
    const KeyPair* certificate = nullptr;
    std::string preamble;  // sent before the ClientHello
    std::string source;    // a local address to come from
    std::string early_data;
    bool tickets = true;  // of TLS 1.2
};

TlsOptions tls12(Session session = nullptr);
TlsOptions tls13(Session session = nullptr);

struct TlsError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// A TLS connection made with OpenSSL, which can be left in mid-handshake.
class TlsClient {
  public:
    TlsClient(const Address& address, const TlsOptions& options);
    TlsClient(TlsClient&&) noexcept;
    TlsClient& operator=(TlsClient&&) noexcept;
    ~TlsClient();

    // Goes on as far as it can without waiting. Returns whether the handshake
    // is complete, and throws TlsError if it has failed. The first step sends
    // the ClientHello.
    bool step();
    // Instead of the first step: returns the ClientHello, which the caller
    // sends.
    std::string unsent_hello();
    void handshake(Milliseconds deadline = patience);
    // What step() waits for, as events of poll(2).
    short wants() const;

    void write(std::string_view data);
    // Reads at least one byte, unless the other end closes.
    std::string read_some(Milliseconds deadline = patience);
    // Reads everything until the other end closes.
    std::string read_to_end(Milliseconds deadline = patience);

    // Sends a close_notify.
    void shut_down();

    bool reused() const;
    int version() const;
    std::string alpn() const;
    bool early_data_accepted() const;
    bool hello_retry() const;  // the server asked for another key share
    const std::string& host() const;
    // The sessions received so far. In TLS 1.3 they come after the handshake.
    const std::vector<Session>& sessions() const;
    Session session() const;  // the last of them

    Socket& socket();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

// Goes on with all of them until they are complete or the deadline is over.
// Returns the number of complete ones. Throws if one fails.
std::size_t handshake_all(std::span<TlsClient> clients,
                          Milliseconds deadline = patience);

}  // namespace support
