#pragma once

#include "support/files.hpp"
#include "support/process.hpp"
#include "support/visit.hpp"

#include <memory>

namespace support {

// An HTTP/3 client, ngtcp2's with GnuTLS, with one request per connection. Its
// session is serialized as that of gnutls_visit().
class Http3Client {
  public:
    // `arguments` are gtlsclient's, besides what every run needs.
    explicit Http3Client(const Address& address,
                         const std::string& session = "",
                         const Arguments& arguments = {});

    // Whether it still runs.
    bool runs() { return !process_->wait(Milliseconds{0}); }
    // Ends with CONNECTION_CLOSE.
    void close() { process_->signal(SIGINT); }
    // Ends without a word.
    void vanish() { process_->signal(SIGKILL); }

    // Waits for its end. The server answers http3_response. The protocol is
    // empty if there was no answer.
    Visit finish(Milliseconds deadline = patience);

  private:
    std::unique_ptr<TempDir> dir_;
    std::unique_ptr<Process> process_;
};

// The `return` of a server for this client.
inline const std::string http3_response =
    "200 \"$ssl_session_reused $server_protocol\"";

// A VisitingClient, except that it offers no other protocol.
Visit http3_visit(const Address& address, const Visit& last = {});

}  // namespace support
