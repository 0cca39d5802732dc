#include "support/socket.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>
#include <sys/un.h>
#include <system_error>

namespace support {

namespace {

struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t length = 0;

    sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

SocketAddress parse(const Address& address) {
    SocketAddress result;
    auto* v4 = reinterpret_cast<sockaddr_in*>(&result.storage);
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&result.storage);
    if (inet_pton(AF_INET, address.host.c_str(), &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(address.port);
        result.length = sizeof *v4;
    } else if (inet_pton(AF_INET6, address.host.c_str(), &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(address.port);
        result.length = sizeof *v6;
    } else {
        throw std::runtime_error("not an address: " + address.host);
    }
    return result;
}

// The port is in the same place in both families.
std::uint16_t port_of(const SocketAddress& address) {
    return ntohs(
        reinterpret_cast<const sockaddr_in*>(&address.storage)->sin_port);
}

[[noreturn]] void fail(const std::string& what) {
    throw std::system_error(errno, std::generic_category(), what);
}

UniqueFd make_socket(const SocketAddress& address) {
    const int type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
    UniqueFd fd(socket(address.storage.ss_family, type, 0));
    if (fd.get() < 0) {
        fail("socket");
    }
    return fd;
}

void enable(int fd, int level, int option) {
    const int on = 1;
    setsockopt(fd, level, option, &on, sizeof on);
}

}  // namespace

std::string Address::text() const {
    const bool v6 = host.find(':') != std::string::npos;
    return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

ReservedPort::ReservedPort(std::string host) : address_{std::move(host), 0} {
    auto any = parse(address_);
    socket_ = make_socket(any);
    enable(socket_.get(), SOL_SOCKET, SO_REUSEADDR);
    if (bind(socket_.get(), any.get(), any.length) != 0 ||
        getsockname(socket_.get(), any.get(), &any.length) != 0) {
        fail("bind");
    }
    // For `listen ... reuseport`. If set earlier, it would let others share the
    // port.
    enable(socket_.get(), SOL_SOCKET, SO_REUSEPORT);
    address_.port = port_of(any);
}

Socket::Socket(const Address& address, const std::string& source) {
    auto to = parse(address);
    fd_ = make_socket(to);
    enable(fd_.get(), IPPROTO_TCP, TCP_NODELAY);
    if (!source.empty()) {
        auto from = parse({source, 0});
        if (bind(fd_.get(), from.get(), from.length) != 0) {
            fail("bind " + source);
        }
    }
    if (connect(fd_.get(), to.get(), to.length) == 0) {
        return;
    }
    if (errno != EINPROGRESS ||
        !wait_for(fd_.get(), POLLOUT, Clock::now() + patience)) {
        fail("connect " + address.text());
    }
    socklen_t length = sizeof errno;
    getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &errno, &length);
    if (errno != 0) {
        fail("connect " + address.text());
    }
}

Socket::Socket(UniqueFd connected) : fd_(std::move(connected)) {
    if (fd() < 0) {
        fail("connection");
    }
}

void Socket::write(std::string_view data) {
    const auto end = Clock::now() + patience;
    while (!data.empty()) {
        const auto sent = send(fd(), data.data(), data.size(), MSG_NOSIGNAL);
        if (sent >= 0) {
            data.remove_prefix(static_cast<std::size_t>(sent));
        } else if (errno != EAGAIN || !wait_for(fd(), POLLOUT, end)) {
            fail("send");
        }
    }
}

std::string Socket::read_to_end(Milliseconds deadline) {
    const auto end = Clock::now() + deadline;
    std::string all;
    char buffer[16384];
    while (true) {
        const auto got = recv(fd(), buffer, sizeof buffer, 0);
        if (got > 0) {
            all.append(buffer, static_cast<std::size_t>(got));
        } else if (got == 0 || errno == ECONNRESET) {
            return all;
        } else if (errno != EAGAIN || !wait_for(fd(), POLLIN, end)) {
            fail("recv");
        }
    }
}

void Socket::abort() {
    const linger now{1, 0};
    setsockopt(fd(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close();
}

bool has_ipv6() {
    try {
        ReservedPort probe("::1");
        return true;
    } catch (const std::system_error&) {
        return false;
    }
}

bool has_localhost() {
    addrinfo* found = nullptr;
    if (getaddrinfo("localhost", nullptr, nullptr, &found) != 0) {
        return false;
    }
    freeaddrinfo(found);
    return true;
}

UniqueFd listen_at(Address& address) {
    auto any = parse({address.host, 0});
    auto fd = make_socket(any);
    if (bind(fd.get(), any.get(), any.length) != 0 ||
        getsockname(fd.get(), any.get(), &any.length) != 0 ||
        listen(fd.get(), 128) != 0) {
        fail("listen");
    }
    address.port = port_of(any);
    return fd;
}

UniqueFd accept_from(const UniqueFd& listener) {
    UniqueFd fd(accept4(listener.get(), nullptr, nullptr,
                        SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (fd.get() >= 0) {
        enable(fd.get(), IPPROTO_TCP, TCP_NODELAY);
    }
    return fd;
}

UniqueFd connect_to(const std::string& path) {
    UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    const auto* where = reinterpret_cast<sockaddr*>(&address);
    return connect(fd.get(), where, sizeof address) == 0 ? std::move(fd)
                                                         : UniqueFd();
}

std::string receive_some(int fd) {
    std::string bytes(65536, '\0');
    const auto n = recv(fd, bytes.data(), bytes.size(), 0);
    bytes.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return bytes;
}

bool wait_for(int fd, short events, Clock::time_point end) {
    pollfd entry{fd, events, 0};
    int ready = 0;
    do {
        ready = poll(&entry, 1, poll_timeout(end));
    } while (ready < 0 && errno == EINTR);
    return ready > 0;
}

}  // namespace support
