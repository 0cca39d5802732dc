#include "support/tls_peer.hpp"

#include <algorithm>
#include <openssl/err.h>
#include <stdexcept>

namespace support {

TlsPeer::TlsPeer(const KeyPair& certificate, int protocol)
    : context_(SSL_CTX_new(TLS_server_method()), SSL_CTX_free),
      ssl_(nullptr, SSL_free) {
    SSL_CTX* context = context_.get();
    if (SSL_CTX_use_certificate_chain_file(
            context, certificate.certificate.c_str()) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, certificate.key.c_str(),
                                    SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_set_min_proto_version(context, protocol) != 1 ||
        SSL_CTX_set_max_proto_version(context, protocol) != 1) {
        throw std::runtime_error("cannot set up a TLS peer");
    }
}

bool TlsPeer::accept() {
    if (!Peer::accept()) {
        return false;
    }
    in_ = BIO_new(BIO_s_mem());
    out_ = BIO_new(BIO_s_mem());
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_bio(ssl_.get(), in_, out_);
    SSL_set_accept_state(ssl_.get());
    taken_ = 0;
    heard_.clear();
    return true;
}

void TlsPeer::step() {
    const auto& bytes = received();
    if (taken_ < bytes.size()) {
        BIO_write(in_, bytes.data() + taken_,
                  static_cast<int>(bytes.size() - taken_));
        taken_ = bytes.size();
    }
    char buffer[16384];
    for (int n; (n = SSL_read(ssl(), buffer, sizeof buffer)) > 0;) {
        heard_.append(buffer, static_cast<std::size_t>(n));
    }
    ERR_clear_error();
}

void TlsPeer::flush(std::size_t most) {
    char* bytes = nullptr;
    const auto there = BIO_get_mem_data(out_, &bytes);
    std::string piece(bytes, std::min(most, static_cast<std::size_t>(there)));
    if (!piece.empty()) {
        send(piece);
        BIO_read(out_, piece.data(), static_cast<int>(piece.size()));
    }
}

bool TlsPeer::dismissed() const {
    return (SSL_get_shutdown(ssl()) & SSL_RECEIVED_SHUTDOWN) != 0;
}

void TlsPeer::say(std::string_view text) {
    if (SSL_write(ssl(), text.data(), static_cast<int>(text.size())) <= 0) {
        throw std::runtime_error("cannot write TLS");
    }
}

}  // namespace support
