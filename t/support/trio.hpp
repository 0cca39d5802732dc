#pragma once

#include "support/node.hpp"

#include <array>
#include <filesystem>
#include <string>

namespace support {

// The lines that load our module for stream or mail, and nginx's own if that is
// a file. Ours is the one next to the module under test, or that at `ours`.
std::string load_protocol(const std::string& protocol,
                          std::filesystem::path ours = {});

// A mail server.
struct MailServer {
    const char* protocol;
    bool starttls;
    const char* goodbye;  // for printf(1)
    ReservedPort port = ReservedPort();

    std::string block() const;
};

// An nginx with http, stream and mail, with the directive in each.
class Trio {
  public:
    struct Options {
        std::string stream{};   // more in stream{}
        std::string mail{};     // more in mail{}
        std::string modules{};  // other load_module lines for stream and mail
    };
    explicit Trio(const std::string& directive);
    Trio(const std::string& directive, const Options& options);

    Node& node() { return node_; }
    // Each server answers with its status and whether the session was reused,
    // and closes.
    const Address& stream() const { return stream_.address(); }
    const Address& proxied() const { return proxied_.address(); }
    const std::array<MailServer, 5>& mail() const { return mail_; }

    // Waits until `count` handshakes wait for the store.
    bool suspended(std::size_t count);

  private:
    NodeConfig config(const std::string& directive,
                      const Options& options) const;

    ReservedPort stream_;
    ReservedPort proxied_;
    std::array<MailServer, 5> mail_;
    Node node_;
};

// A visit to a stream server, which answers and closes. The client sends no
// close_notify. If that arrived while nginx sends its own, OpenSSL would take
// the session for a bad one, also in nginx's own cache.
struct Answer {
    bool reused;
    std::string text;
    Session session;
};

Answer visit_stream(const Address& address, const TlsOptions& options);

}  // namespace support
