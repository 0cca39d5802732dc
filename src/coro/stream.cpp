#include "coro/stream.hpp"

#include <cerrno>
#include <netinet/in.h>
#include <netinet/tcp.h>

namespace coro {

Stream::Stream(Scheduler& scheduler) noexcept : scheduler_(scheduler) {}

int Stream::connect(const sockaddr* address, socklen_t length, Time deadline) {
    close();

    int fd = socket(address->sa_family,
                    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd == -1) {
        return errno;
    }

    if (address->sa_family != AF_UNIX) {
        /* commands are gathered here, so a full segment is not to be
         * waited for; failing to set this costs speed only */
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

    ready_ = writable;
    return 0;
}

int Stream::finish_connect(Time deadline) noexcept {
    while (!may_write()) {
        switch (wait(readable | writable, deadline)) {
        case Wake::ready:
            break;
        case Wake::timeout:
            return ETIMEDOUT;
        case Wake::cancelled:
            return ECANCELED;
        }
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
}

std::optional<std::size_t> Stream::read(std::span<char> buffer) noexcept {
    ssize_t n;

    do {
        n = recv(fd_, buffer.data(), buffer.size(), 0);
    } while (n == -1 && errno == EINTR);

    /* less than was asked for: drained, and what comes later is told */
    if (n < static_cast<ssize_t>(buffer.size())) {
        ready_ &= ~readable;
    }

    if (n > 0) {
        return static_cast<std::size_t>(n);
    }

    if (n == 0) {
        errno = 0;
        return std::nullopt;
    }

    if (errno == EAGAIN) {
        return 0;
    }
    return std::nullopt;
}

std::optional<std::size_t> Stream::write(std::string_view data) noexcept {
    ssize_t n;

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

Wake Stream::wait(unsigned readiness, Time deadline) noexcept {
    if (!is_open()) {
        return Wake::cancelled;
    }

    if (may(readiness) || !watch_->await(readiness)) {
        return Wake::ready; /* a refusal shows at the next read or write */
    }

    waiter_ = next_wait();
    Wake how = coro::wait(deadline);
    waiter_.reset();
    return how;
}

void Stream::wake(Wake how) noexcept {
    if (waiter_) {
        scheduler_.wake(*waiter_, how);
    }
}

bool Stream::may(unsigned readiness) noexcept {
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
