#include "tls_load.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>
#include <string_view>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

// If nothing at all happens for this long, what is left has failed.
constexpr int silence_ms = 10'000;

int connect_to(uint16_t port) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    // The server closes first. A reset from here then avoids TIME_WAIT, which
    // would use up all ports in a long run.
    const linger reset{.l_onoff = 1, .l_linger = 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    // Finished and close_notify are two small writes: Nagle would hold the
    // second until the server's delayed acknowledgement of the first.
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) ==
            0 ||
        errno == EINPROGRESS)
        return fd;
    close(fd);
    return -1;
}

}  // namespace

struct TlsLoad::Connection {
    int fd = -1;
    SslPtr ssl;
    Step step = Step::handshake;
    SessionPtr fresh;
    bool asked = false;  // in early data
    Clock::time_point due;
    Clock::duration took{};
};

TlsLoad::TlsLoad(int protocol)
    : session_is_kept_(protocol == TLS1_2_VERSION),
      ctx_(SSL_CTX_new(TLS_client_method())),
      epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    if (!ctx_ || epoll_ < 0)
        throw std::runtime_error("no SSL_CTX or no epoll");
    SSL_CTX* ctx = ctx_.get();
    SSL_CTX_set_min_proto_version(ctx, protocol);
    SSL_CTX_set_max_proto_version(ctx, protocol);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, nullptr);
    SSL_CTX_set_read_ahead(ctx, 1);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT |
                                            SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(ctx, on_new_session);
}

TlsLoad::~TlsLoad() {
    close(epoll_);
}

// Keeps the first one, though a full TLS 1.3 handshake brings two.
int TlsLoad::on_new_session(SSL* ssl, SSL_SESSION* session) {
    auto* connection = static_cast<Connection*>(SSL_get_app_data(ssl));
    if (connection->fresh)
        return 0;
    connection->fresh.reset(session);
    return 1;
}

Tally TlsLoad::make_sessions(uint16_t port, size_t count, size_t concurrency) {
    begin(false);
    return run(port, count, concurrency);
}

Tally TlsLoad::resume(uint16_t port, size_t count, size_t concurrency) {
    if (sessions_.size() < concurrency)
        throw std::runtime_error("fewer sessions than concurrent clients");
    begin(true);
    return run(port, count, concurrency);
}

void TlsLoad::begin(bool presenting) {
    presenting_ = presenting;
    tally_ = {};
    times_.clear();
}

Tally TlsLoad::offer(uint16_t port, bool presenting,
                     std::chrono::nanoseconds interval,
                     std::chrono::nanoseconds duration) {
    begin(presenting);
    std::deque<Connection> connections;  // its elements do not move
    std::vector<Connection*> idle;
    const auto end = Clock::now() + duration;
    for (auto due = Clock::now(); due < end; due += interval) {
        for (Connection* done : wait_until(due))
            idle.push_back(done);
        if (idle.empty())
            idle.push_back(&connections.emplace_back());
        if (!start(*idle.back(), port)) {
            ++tally_.failed;
            continue;
        }
        idle.back()->due = due;
        idle.pop_back();
    }
    wait_until(end);
    for (Connection& connection : connections)
        if (connection.fd >= 0)
            give_up(connection, end);
    return tally_;
}

// Serves the connections until `end`. Returns those that have finished.
std::vector<TlsLoad::Connection*> TlsLoad::wait_until(Clock::time_point end) {
    std::vector<Connection*> done;
    std::array<epoll_event, 64> events{};
    for (;;) {
        const auto left = std::max<Clock::duration>(end - Clock::now(), {});
        const auto seconds =
            std::chrono::duration_cast<std::chrono::seconds>(left);
        const timespec timeout{.tv_sec = seconds.count(),
                               .tv_nsec = (left - seconds).count()};
        const int ready = epoll_pwait2(epoll_, events.data(), events.size(),
                                       &timeout, nullptr);
        for (int i = 0; i < ready; ++i) {
            auto& connection = *static_cast<Connection*>(events[i].data.ptr);
            const Progress progress = advance(connection);
            if (progress == Progress::waiting)
                continue;
            finish(connection, progress);
            done.push_back(&connection);
        }
        if (Clock::now() >= end)
            return done;
    }
}

Tally TlsLoad::run(uint16_t port, size_t count, size_t concurrency) {
    std::vector<Connection> connections(std::min(count, concurrency));
    size_t left = count;
    size_t open = 0;
    for (Connection& connection : connections)
        open += fill(connection, port, left);

    std::array<epoll_event, 64> events{};
    while (open > 0) {
        const int ready =
            epoll_wait(epoll_, events.data(), events.size(), silence_ms);
        if (ready <= 0)
            break;
        for (int i = 0; i < ready; ++i) {
            auto& connection = *static_cast<Connection*>(events[i].data.ptr);
            const Progress progress = advance(connection);
            if (progress == Progress::waiting)
                continue;
            finish(connection, progress);
            open = open - 1 + fill(connection, port, left);
        }
    }
    for (Connection& connection : connections)
        if (connection.fd >= 0)
            finish(connection, Progress::failed);
    tally_.failed += left;
    return tally_;
}

// Opens the next of those that are left. Returns how many were opened.
size_t TlsLoad::fill(Connection& connection, uint16_t port, size_t& left) {
    while (left > 0) {
        --left;
        if (start(connection, port))
            return 1;
        ++tally_.failed;
    }
    return 0;
}

// Registered once, edge-triggered; the first event is that of the connect.
bool TlsLoad::start(Connection& connection, uint16_t port) {
    connection = {};
    connection.fd = connect_to(port);
    if (connection.fd < 0)
        return false;
    connection.ssl.reset(SSL_new(ctx_.get()));
    SSL* ssl = connection.ssl.get();
    if (ssl == nullptr || SSL_set_fd(ssl, connection.fd) != 1)
        throw std::runtime_error("out of memory");
    SSL_set_app_data(ssl, &connection);
    if (presenting_)
        present_session(ssl);
    connection.due = Clock::now();
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLET;
    event.data.ptr = &connection;
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.fd, &event) != 0)
        throw std::runtime_error("cannot wait for a socket");
    return true;
}

void TlsLoad::present_session(SSL* ssl) {
    if (sessions_.empty())
        throw std::runtime_error("no sessions left");
    SSL_set_session(ssl, sessions_.front().get());
    if (session_is_kept_)
        sessions_.push_back(std::move(sessions_.front()));
    sessions_.pop_front();
}

void TlsLoad::finish(Connection& connection, Progress how) {
    SSL* ssl = connection.ssl.get();
    if (how == Progress::failed)
        ++tally_.failed;
    else if (SSL_session_reused(ssl) == 1)
        ++tally_.resumed;
    else
        ++tally_.full;
    tally_.early +=
        SSL_get_early_data_status(ssl) == SSL_EARLY_DATA_ACCEPTED ? 1 : 0;
    if (how == Progress::done)
        times_.push_back(connection.took);
    // Even a failed one gives back a session: the others must not run out.
    if (!presenting_ || !session_is_kept_)
        sessions_.push_back(connection.fresh
                                ? std::move(connection.fresh)
                                : SessionPtr(SSL_get1_session(ssl)));
    close(connection.fd);
    connection = {};
}

void TlsLoad::give_up(Connection& connection, Clock::time_point now) {
    // an end of file that is still to come is no part of the handshake
    const bool over = connection.step > Step::silent;
    ++tally_.unfinished;
    times_.push_back(over ? connection.took : now - connection.due);
    close(connection.fd);
    connection = {};
}

// Goes as far as the socket allows. Returns done after the last step.
TlsLoad::Progress TlsLoad::advance(Connection& connection) {
    if (connection.step == Step::silent)
        return Progress::waiting;
    if (connection.step == Step::handshake) {
        const Progress progress = handshake(connection);
        if (silent_)
            connection.step = Step::silent;
        if (progress != Progress::done)
            return progress;
        connection.took = Clock::now() - connection.due;
        connection.step = Step::ticket;
    }
    if (connection.step == Step::ticket) {
        const Progress progress = await_ticket(connection);
        if (progress != Progress::done)
            return progress;
        SSL_shutdown(connection.ssl.get());
        // not every server takes close_notify for the end
        shutdown(connection.fd, SHUT_WR);
        connection.step = Step::end_of_file;
    }
    return await_end_of_file(connection);
}

TlsLoad::Progress TlsLoad::handshake(Connection& connection) const {
    // a server that closes after its answer may not send the ticket
    static constexpr std::string_view request =
        "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    SSL* ssl = connection.ssl.get();
    ERR_clear_error();
    int result = 1;
    if (early_ && presenting_ && !connection.asked) {
        size_t sent = 0;
        result =
            SSL_write_early_data(ssl, request.data(), request.size(), &sent);
        connection.asked = result == 1;
    }
    if (result == 1)
        result = SSL_connect(ssl);
    if (result == 1)
        return Progress::done;
    const int error = SSL_get_error(ssl, result);
    return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE
               ? Progress::waiting
               : Progress::failed;
}

TlsLoad::Progress TlsLoad::await_ticket(Connection& connection) {
    SSL* ssl = connection.ssl.get();
    if (SSL_version(ssl) != TLS1_3_VERSION)
        return Progress::done;
    std::array<char, 4096> ignored{};
    ERR_clear_error();
    int result = 0;
    do
        result = SSL_read(ssl, ignored.data(), ignored.size());
    while (result > 0 && !connection.fresh);
    if (connection.fresh)
        return Progress::done;
    return SSL_get_error(ssl, result) == SSL_ERROR_WANT_READ ? Progress::waiting
                                                             : Progress::failed;
}

// Whatever comes before it need not be decrypted.
TlsLoad::Progress TlsLoad::await_end_of_file(Connection& connection) {
    std::array<char, 4096> ignored{};
    ssize_t n = 0;
    do
        n = recv(connection.fd, ignored.data(), ignored.size(), 0);
    while (n > 0);
    if (n == 0)
        return Progress::done;
    return errno == EAGAIN ? Progress::waiting : Progress::failed;
}
