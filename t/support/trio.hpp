#pragma once

#include "support/node.hpp"

#include <array>
#include <filesystem>
#include <string>

namespace support {

// What loads our module for stream or mail, and nginx's own, where they are
// files. Ours is the one beside the module under test, or that at `ours`.
std::string load_protocol(const std::string& protocol,
                          std::filesystem::path ours = {});

// A server of mail's.
struct MailServer {
    const char* protocol;
    bool starttls;
    const char* goodbye;  // as printf(1) takes it
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
    // Each answers with its status and whether the session was reused, and
    // closes.
    const Address& stream() const { return stream_.address(); }
    const Address& proxied() const { return proxied_.address(); }
    const std::array<MailServer, 5>& mail() const { return mail_; }

    // Until so many handshakes wait for the store.
    bool suspended(std::size_t count);

  private:
    NodeConfig config(const std::string& directive,
                      const Options& options) const;

    ReservedPort stream_;
    ReservedPort proxied_;
    std::array<MailServer, 5> mail_;
    Node node_;
};

// A visit to a server of stream's, which answers and closes. It says no
// goodbye: when that of a client comes while nginx says its own, OpenSSL takes
// the session for a bad one, also in nginx's own cache.
struct Answer {
    bool reused;
    std::string text;
    Session session;
};

Answer visit_stream(const Address& address, const TlsOptions& options);

}  // namespace support
