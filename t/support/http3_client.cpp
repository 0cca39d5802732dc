#include "support/http3_client.hpp"

#include <gnutls/gnutls.h>
#include <sstream>
#include <stdexcept>

namespace support {

namespace {

constexpr char pem_header[] = "GNUTLS SESSION PARAMETERS";

using Convert = int (*)(const char*, const gnutls_datum_t*, gnutls_datum_t*);

std::string convert(Convert function, const std::string& from) {
    if (from.empty()) {
        return from;
    }
    std::string copy = from;
    const gnutls_datum_t in{reinterpret_cast<unsigned char*>(copy.data()),
                            static_cast<unsigned>(copy.size())};
    gnutls_datum_t out{};
    if (const int error = function(pem_header, &in, &out); error < 0) {
        throw std::runtime_error(gnutls_strerror(error));
    }
    const std::unique_ptr<unsigned char, void (*)(void*)> owner(out.data,
                                                                gnutls_free);
    return {reinterpret_cast<char*>(out.data), out.size};
}

}  // namespace

Http3Client::Http3Client(const Address& address, const std::string& session,
                         const Arguments& arguments)
    : dir_(std::make_unique<TempDir>()) {
    const auto path = dir_->path();
    const auto port = std::to_string(address.port);
    if (!session.empty()) {
        write_file(path / "session",
                   convert(gnutls_pem_base64_encode2, session));
    }
    Arguments all{"gtlsclient",
                  "--quiet",
                  "--exit-on-all-streams-close",
                  "--handshake-timeout=60s",
                  "--timeout=60s",
                  "--session-file=" + (path / "session").string(),
                  "--download=" + path.string()};
    all.insert(all.end(), arguments.begin(), arguments.end());
    all.insert(all.end(),
               {address.host, port, "https://localhost:" + port + "/answer"});
    process_ = std::make_unique<Process>(all, path / "output");
}

Visit Http3Client::finish(Milliseconds deadline) {
    const auto path = dir_->path();
    if (!process_->wait(deadline)) {
        throw std::runtime_error("gtlsclient does not end:\n" +
                                 read_file(path / "output"));
    }
    std::string reused, protocol;
    std::istringstream(read_file(path / "answer")) >> reused >> protocol;
    return {reused == "r", protocol,
            convert(gnutls_pem_base64_decode2, read_file(path / "session"))};
}

Visit http3_visit(const Address& address, const Visit& last) {
    return Http3Client(address, last.session).finish();
}

}  // namespace support
