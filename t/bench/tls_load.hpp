// Many TLS handshakes from one thread: non-blocking sockets, epoll, OpenSSL.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include <openssl/ssl.h>

template <auto Free>
struct Deleter {
    void operator()(auto* object) const { Free(object); }
};
using SslCtxPtr = std::unique_ptr<SSL_CTX, Deleter<SSL_CTX_free>>;
using SslPtr = std::unique_ptr<SSL, Deleter<SSL_free>>;
using SessionPtr = std::unique_ptr<SSL_SESSION, Deleter<SSL_SESSION_free>>;

struct Tally {
    size_t resumed = 0;
    size_t full = 0;
    size_t failed = 0;
    size_t unfinished = 0;
    size_t early = 0;  // whose early data was accepted
};

// One connection is: connect, handshake, in TLS 1.3 wait for a ticket, send
// close_notify and end of file, wait for the server's. It carries no request,
// for that would dilute what a handshake costs. The two waits make sure that
// the server has done its whole part: in TLS 1.3 it makes (and stores) the next
// session after the client's handshake is over, and a client that has gone
// would spare it the orderly close.
class TlsLoad {
  public:
    // protocol is TLS1_2_VERSION or TLS1_3_VERSION, and no other is offered.
    explicit TlsLoad(int protocol);
    ~TlsLoad();
    TlsLoad(const TlsLoad&) = delete;
    TlsLoad& operator=(const TlsLoad&) = delete;

    // Makes count connections to 127.0.0.1:port, at most concurrency at once,
    // that present no session; the sessions they bring are kept.
    Tally make_sessions(uint16_t port, size_t count, size_t concurrency);

    // The same, each presenting one of the kept sessions, in turn. In TLS 1.3
    // the ticket that a resumption brings takes the place of the one presented
    // (a client is to use each only once); in TLS 1.2 the session is kept on.
    // There must be sessions for all that are under way at once.
    Tally resume(uint16_t port, size_t count, size_t concurrency);

    // Opens a connection every interval for this duration, whatever happens to
    // those before, and then gives up what is unfinished. With presenting, each
    // offers a kept session. In TLS 1.2 several may offer the same one at a
    // time.
    Tally offer(uint16_t port, bool presenting,
                std::chrono::nanoseconds interval,
                std::chrono::nanoseconds duration);

    // From now on each resumption sends a request in early data, which is the
    // only one that these clients make: the answer comes before the ticket.
    void send_early_data() { early_ = true; }

    // From now on each connection says no more than its ClientHello.
    void fall_silent() { silent_ = true; }

    size_t sessions() const { return sessions_.size(); }

    // How long each handshake of the last call took, from when it was due; an
    // unfinished one counts for as long as it had lasted.
    const std::vector<std::chrono::nanoseconds>& times() const {
        return times_;
    }

  private:
    using Clock = std::chrono::steady_clock;
    enum class Step { handshake, silent, ticket, end_of_file };
    enum class Progress { waiting, done, failed };
    struct Connection;

    static int on_new_session(SSL* ssl, SSL_SESSION* session);

    Progress handshake(Connection& connection) const;
    static Progress await_ticket(Connection& connection);
    static Progress await_end_of_file(Connection& connection);
    Progress advance(Connection& connection);

    void begin(bool presenting);
    Tally run(uint16_t port, size_t count, size_t concurrency);
    size_t fill(Connection& connection, uint16_t port, size_t& left);
    bool start(Connection& connection, uint16_t port);
    void present_session(SSL* ssl);
    std::vector<Connection*> wait_until(Clock::time_point end);
    void finish(Connection& connection, Progress how);
    void give_up(Connection& connection, Clock::time_point now);

    const bool session_is_kept_;
    SslCtxPtr ctx_;
    int epoll_;
    std::deque<SessionPtr> sessions_;
    bool presenting_ = false;
    bool early_ = false;
    bool silent_ = false;
    Tally tally_;
    std::vector<std::chrono::nanoseconds> times_;
};
