#include "coro/stream.hpp"

#include <cerrno>
#include <netinet/in.h>
#include <netinet/tcp.h>

namespace coro {

namespace {

/* How often one stream may be read before the loop gets a turn. */
constexpr unsigned max_rounds = 64;

}  // namespace

Stream::Stream(Scheduler& scheduler) noexcept : scheduler_(scheduler) {}

int Stream::connect(const sockaddr* address, socklen_t length, Time deadline) {
    close();

    int fd = socket(address->sa_family,
                    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd == -1) {
        return errno;
    }

    if (address->sa_family != AF_UNIX) {
        /* commands are gathered here, so do not wait for a full segment; a
         * failure to set this costs only speed */
        int on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    }

    int error = ::connect(fd, address, length) == -1 ? errno : 0;

    watch_ = scheduler_.loop().watch(
        fd, {[](void* self) noexcept { static_cast<Stream*>(self)->notice(); },
             this});
    if (watch_ == nullptr) {
        return ENOBUFS;
    }
    fd_ = fd;

    if (error == EINPROGRESS) {
        error = finish_connect(deadline);
    }

    if (error != 0) {
        close();
        return error;
    }

    ready_ |= writable; /* the other end may have sent something, too */
    return 0;
}

int Stream::finish_connect(Time deadline) noexcept {
    while (!may_write()) {
        switch (wait(writable, deadline)) {
        case Wake::ready:
            break;
        case Wake::timeout:
            return ETIMEDOUT;
        case Wake::cancelled:
            return ECANCELED;
        }
    }

    if (refused_ != 0) {
        return refused_;
    }

    int error = 0;
    socklen_t size = sizeof(error);
    if (getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size) == -1) {
        return errno;
    }
    return error;
}

void Stream::close() noexcept {
    wake(Wake::cancelled);
    watch_.reset();
    fd_ = -1;
    ready_ = 0;
    refused_ = 0;
    rounds_ = 0;
}

/*
 * If less came than was asked for, there is no more, and what comes later will
 * be reported. But an end that was reported already is not reported again. So
 * what has ended stays readable, until a read finds the end.
 */
std::optional<std::size_t> Stream::read(std::span<char> buffer) noexcept {
    ssize_t n;

    if (refused_ != 0) {
        errno = refused_;
        return std::nullopt;
    }

    ++rounds_;
    do {
        n = recv(fd_, buffer.data(), buffer.size(), 0);
    } while (n == -1 && errno == EINTR);

    if (n > 0) {
        if (n < static_cast<ssize_t>(buffer.size()) && !(ready_ & ended)) {
            ready_ &= ~readable;
        }
        return static_cast<std::size_t>(n);
    }

    if (n == -1 && errno == EAGAIN) {
        ready_ &= ~readable;
        return 0;
    }

    ready_ |= readable | ended;
    if (n == 0) {
        errno = 0;
    }
    return std::nullopt;
}

std::optional<std::size_t> Stream::write(std::string_view data) noexcept {
    ssize_t n;

    if (refused_ != 0) {
        errno = refused_;
        return std::nullopt;
    }

    do {
        n = send(fd_, data.data(), data.size(), MSG_NOSIGNAL);
    } while (n == -1 && errno == EINTR);

    if (n < static_cast<ssize_t>(data.size())) {
        ready_ &= ~writable;
    }

    if (n >= 0) {
        return static_cast<std::size_t>(n);
    }

    if (errno == EAGAIN) {
        return 0;
    }
    return std::nullopt;
}

/* The next read or write reports a refusal. */
Wake Stream::wait(unsigned readiness, Time deadline) noexcept {
    if (!is_open()) {
        return Wake::cancelled;
    }

    if (is_ready(readiness)) {
        if (++rounds_ < max_rounds) {
            return Wake::ready;
        }
        return suspend(scheduler_.loop().now()) == Wake::cancelled
                   ? Wake::cancelled
                   : Wake::ready;
    }

    if (!watch_->await(readiness)) {
        refused_ = ENOBUFS;
        ready_ |= readable | writable;
        return Wake::ready;
    }
    return suspend(deadline);
}

Wake Stream::suspend(Time deadline) noexcept {
    waiter_ = next_wait();
    Wake how = coro::wait(deadline);
    waiter_.reset();
    rounds_ = 0;
    return how;
}

void Stream::wake(Wake how) noexcept {
    if (waiter_) {
        scheduler_.wake(*waiter_, how);
    }
}

bool Stream::may(unsigned readiness) noexcept {
    return rounds_ < max_rounds && is_ready(readiness);
}

bool Stream::is_ready(unsigned readiness) noexcept {
    if (is_open()) {
        ready_ |= watch_->take();
    }
    return (ready_ & readiness) != 0;
}

void Stream::notice() noexcept {
    ready_ |= watch_->take();
    wake();
}

}  // namespace coro
