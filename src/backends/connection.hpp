/*
 * A connection to a store: a stream, with TLS if wanted.
 *
 * Nothing waits inside OpenSSL. Its functions are called again when the stream
 * is ready for what they asked for.
 */

#pragma once

#include "backends/store.hpp"
#include "backends/tls.hpp"
#include "coro/stream.hpp"

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace backends {

class Connection {
  public:
    /* Without a context it is plain. `name` is for tls::make_client() if an
     * address has none. */
    explicit Connection(coro::Scheduler& scheduler,
                        std::shared_ptr<SSL_CTX> tls = nullptr,
                        std::string name = {});

    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /*
     * Connects, in place of any earlier connection, and makes the TLS
     * handshake. Returns what failed, or an empty string. Call it in a
     * coroutine. May throw std::bad_alloc.
     */
    std::string connect(const Address& address, coro::Time deadline);

    /*
     * With TLS, sends a close_notify if that leaves at once. Cancels the wait
     * of the connection's coroutine, if it is in one.
     */
    void close() noexcept;

    bool is_open() const noexcept { return stream_.is_open(); }

    /* Whether a read may now do something. */
    bool may_read() noexcept {
        return ssl_ == nullptr ? stream_.may_read() : may_decrypt();
    }

    /* As those of a stream. failure() explains errno. */
    std::optional<std::size_t> read(std::span<char> buffer) noexcept {
        return ssl_ == nullptr ? stream_.read(buffer) : decrypt(buffer);
    }
    std::optional<std::size_t> write(std::string_view data) noexcept {
        return ssl_ == nullptr ? stream_.write(data) : encrypt(data);
    }

    /*
     * Suspends the running coroutine until it may read (or write, with
     * `for_writing`), wake() is called, or `deadline` has passed. Returns
     * Wake::cancelled when the connection is closed.
     */
    coro::Wake wait(bool for_writing, coro::Time deadline) noexcept;

    /* Ends the wait() of the connection's coroutine, if it is in one. */
    void wake() noexcept { stream_.wake(); }

    /* Why the last read or write failed, by its errno. */
    std::string failure(int error) const;

  private:
    /* The head of a record. It fits into a string without an allocation. */
    static constexpr std::size_t max_heard = 5;

    std::string shake_hands(const std::string& name, coro::Time deadline);
    void listen() noexcept;
    std::string why_no_tls() const;
    bool may_decrypt() noexcept;
    std::optional<std::size_t> decrypt(std::span<char> buffer) noexcept;
    std::optional<std::size_t> encrypt(std::string_view data) noexcept;
    std::optional<std::size_t> judge(int result, unsigned& direction) noexcept;

    coro::Loop& loop_;
    coro::Stream stream_;
    const std::shared_ptr<SSL_CTX> context_;
    const std::string name_;
    tls::Ssl ssl_;        /* null if plain or not connected */
    std::string heard_{}; /* the head of the server's first record */

    /* What the stream has to be before OpenSSL can go on reading, or
     * writing. 0: it may be called at once, because it may hold bytes that
     * it has read. */
    unsigned reading_ = 0;
    unsigned writing_ = coro::writable;
    unsigned long tls_error_ = 0; /* the cause of an EPROTO */
};

}  // namespace backends
