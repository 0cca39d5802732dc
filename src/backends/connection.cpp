#include "backends/connection.hpp"

#include "backends/guess.hpp"
#include "backends/stream_bio.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace backends {

Connection::Connection(coro::Scheduler& scheduler, std::shared_ptr<SSL_CTX> tls,
                       std::string name)
    : loop_(scheduler.loop()), stream_(scheduler), context_(std::move(tls)),
      name_(std::move(name)) {}

std::string Connection::connect(const Address& address, coro::Time deadline) {
    close();

    int error =
        stream_.connect(reinterpret_cast<const sockaddr*>(&address.storage),
                        address.length, deadline);
    if (error != 0) {
        return std::string("connect() failed: ") + std::strerror(error);
    }
    return context_ == nullptr
               ? std::string()
               : shake_hands(address.tls_name.empty() ? name_
                                                      : address.tls_name,
                             deadline);
}

std::string Connection::shake_hands(const std::string& name,
                                    coro::Time deadline) {
    BIO* bio = make_stream_bio(stream_);
    ssl_ = tls::make_client(context_.get(), name);
    if (bio == nullptr || ssl_ == nullptr) {
        BIO_free(bio);
        return "out of memory";
    }
    SSL_set_bio(ssl_.get(), bio, bio);
    listen();

    writing_ = coro::writable;
    tls_error_ = 0;

    /* close() may come while this waits */
    while (ssl_ != nullptr) {
        tls::clear_errors();
        int result = SSL_connect(ssl_.get());
        if (result == 1) {
            reading_ = 0;
            return {};
        }

        if (!judge(result, reading_)) {
            return "TLS handshake failed: " + failure(errno) + why_no_tls();
        }

        /* a peer that trickles makes it ready in every turn, before any
         * timer */
        stream_.wait(reading_, deadline);
        if (loop_.now() >= deadline) {
            return "TLS handshake timed out" + why_no_tls();
        }
    }
    return failure(ECANCELED);
}

/* OpenSSL shows the head of each record before it checks it. */
void Connection::listen() noexcept {
    heard_.clear();
    SSL_set_msg_callback_arg(ssl_.get(), this);
    SSL_set_msg_callback(ssl_.get(), [](int writing, int /* version */,
                                        int type, const void* bytes,
                                        std::size_t size, SSL* /* ssl */,
                                        void* self) noexcept {
        std::string& heard = static_cast<Connection*>(self)->heard_;
        if (writing == 0 && type == SSL3_RT_HEADER && heard.empty()) {
            heard.assign(static_cast<const char*>(bytes),
                         std::min(size, max_heard));
        }
    });
}

/* To be appended to the error of a failed handshake. */
std::string Connection::why_no_tls() const {
    bool is_record = heard_.size() > 1 && heard_[1] == '\3';
    return is_record ? std::string()
                     : "; the port may be one without TLS" + guess(heard_, {});
}

void Connection::close() noexcept {
    if (ssl_ != nullptr && SSL_is_init_finished(ssl_.get()) == 1) {
        tls::clear_errors();
        SSL_shutdown(ssl_.get());
        tls::clear_errors();
    }
    ssl_.reset();
    stream_.close();
}

bool Connection::may_decrypt() noexcept {
    return reading_ == 0 || stream_.may(reading_);
}

/* The two directions may depend on each other, as in a key update. */
coro::Wake Connection::wait(bool for_writing, coro::Time deadline) noexcept {
    if (ssl_ == nullptr) {
        return stream_.wait(for_writing ? coro::readable | coro::writable
                                        : coro::readable,
                            deadline);
    }

    if (reading_ == 0) {
        return coro::Wake::ready;
    }
    return stream_.wait(for_writing ? reading_ | writing_ : reading_, deadline);
}

std::optional<std::size_t>
Connection::decrypt(std::span<char> buffer) noexcept {
    std::size_t n = 0;

    tls::clear_errors();
    int result = SSL_read_ex(ssl_.get(), buffer.data(), buffer.size(), &n);
    if (result == 1) {
        reading_ = 0;
        return n;
    }
    return judge(result, reading_);
}

/* A record at a time, until the stream takes no more. */
std::optional<std::size_t> Connection::encrypt(std::string_view data) noexcept {
    std::size_t sent = 0;

    while (sent < data.size()) {
        std::size_t n = 0;

        tls::clear_errors();
        int result = SSL_write_ex(ssl_.get(), data.data() + sent,
                                  data.size() - sent, &n);
        if (result != 1) {
            return judge(result, writing_) ? std::optional(sent) : std::nullopt;
        }
        sent += n;
    }

    writing_ = coro::writable;
    return sent;
}

/*
 * The meaning of an OpenSSL function's failure: 0 if it is to be called again
 * once the stream is `direction`, nothing if the connection is lost, as in
 * Stream::read(). Empties the error queue.
 */
std::optional<std::size_t> Connection::judge(int result,
                                             unsigned& direction) noexcept {
    int error = errno;

    switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
        direction = coro::readable;
        return 0;
    case SSL_ERROR_WANT_WRITE:
        direction = coro::writable;
        return 0;
    case SSL_ERROR_ZERO_RETURN:
        error = 0;
        break;
    case SSL_ERROR_SYSCALL:
        break;
    default:
        tls_error_ = ERR_peek_error();
        error = EPROTO;
    }

    tls::clear_errors();
    errno = error;
    return std::nullopt;
}

std::string Connection::failure(int error) const {
    if (error == 0) {
        return "closed by the store";
    }

    if (error != EPROTO || tls_error_ == 0) {
        return std::strerror(error);
    }

    std::string text = tls::reason(tls_error_);
    if (ERR_GET_LIB(tls_error_) == ERR_LIB_SSL &&
        ERR_GET_REASON(tls_error_) == SSL_R_CERTIFICATE_VERIFY_FAILED) {
        text += ": ";
        text +=
            X509_verify_cert_error_string(SSL_get_verify_result(ssl_.get()));
    }
    return text;
}

}  // namespace backends
