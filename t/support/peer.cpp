#include "support/peer.hpp"

#include <algorithm>
#include <cerrno>
#include <netinet/in.h>
#include <poll.h>
#include <stdexcept>
#include <sys/un.h>
#include <system_error>

namespace support {

namespace {

[[noreturn]] void fail(const char* what) {
    throw std::system_error(errno, std::generic_category(), what);
}

// A local address in `family`. The kernel chooses the port.
socklen_t any_address(int family, const std::string& path,
                      sockaddr_storage& storage) {
    storage.ss_family = static_cast<sa_family_t>(family);
    if (family == AF_UNIX) {
        auto& address = reinterpret_cast<sockaddr_un&>(storage);
        path.copy(address.sun_path, sizeof address.sun_path - 1);
        return sizeof address;
    }
    if (family == AF_INET) {
        auto& address = reinterpret_cast<sockaddr_in&>(storage);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return sizeof address;
    }
    auto& address = reinterpret_cast<sockaddr_in6&>(storage);
    address.sin6_addr = in6addr_loopback;
    return sizeof address;
}

}  // namespace

Peer::Peer(int family, int backlog)
    : length_(any_address(family, dir_.path() / "peer.sock", address_)),
      listener_(socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    auto* address = reinterpret_cast<sockaddr*>(&address_);
    if (bind(listener_.get(), address, length_) != 0 ||
        getsockname(listener_.get(), address, &length_) != 0 ||
        listen(listener_.get(), backlog) != 0) {
        fail("listen");
    }
}

bool Peer::accept() {
    const int fd = accept4(listener_.get(), nullptr, nullptr,
                           SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    connection_ = UniqueFd(fd);
    received_.clear();
    closed_ = false;
    return true;
}

const std::string& Peer::received() {
    for (std::size_t before = -1; before != received_.size();) {
        before = received_.size();
        receive(1 << 20);
    }
    return received_;
}

void Peer::receive(std::size_t most) {
    char buffer[65536];
    while (most > 0) {
        const auto n =
            recv(fd(), buffer, std::min(most, sizeof buffer), MSG_DONTWAIT);
        if (n <= 0) {
            closed_ = n == 0 || errno != EAGAIN;
            return;
        }
        received_.append(buffer, static_cast<std::size_t>(n));
        most -= static_cast<std::size_t>(n);
    }
}

bool Peer::closed() {
    received();
    return closed_;
}

void Peer::send(std::string_view data) {
    if (::send(fd(), data.data(), data.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(data.size())) {
        fail("send");
    }
}

Unreachable::Unreachable() : Peer(AF_INET, 0) {
    for (auto& fd : queued_) {
        fd = UniqueFd(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
        (void)::connect(fd.get(), address(), length());
    }
    if (!wait_for(queued_[0].get(), POLLOUT, Clock::now() + patience)) {
        fail("connect");
    }
}

void Peer::abort() {
    const linger now{1, 0};
    setsockopt(fd(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
    hang_up();
}

}  // namespace support
