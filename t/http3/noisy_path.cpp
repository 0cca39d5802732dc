#include "http3/noisy_path.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <poll.h>
#include <string>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <system_error>

namespace support {

namespace {

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
}

sockaddr* pointer(sockaddr_in& address) {
    return reinterpret_cast<sockaddr*>(&address);
}

void require(bool good) {
    if (!good) {
        throw std::system_error(errno, std::generic_category(), "a datagram");
    }
}

UniqueFd datagram_socket() {
    return UniqueFd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
}

}  // namespace

NoisyPath::NoisyPath(const Address& server)
    : client_(datagram_socket()), server_(datagram_socket()),
      stop_(eventfd(0, EFD_CLOEXEC)) {
    auto to = loopback(server.port);
    auto own = loopback(0);
    socklen_t size = sizeof own;
    require(connect(server_.get(), pointer(to), sizeof to) == 0);
    require(bind(client_.get(), pointer(own), size) == 0);
    require(getsockname(client_.get(), pointer(own), &size) == 0);
    address_.port = ntohs(own.sin_port);
    thread_ = std::thread([this] { run(); });
}

NoisyPath::~NoisyPath() {
    eventfd_write(stop_.get(), 1);
    thread_.join();
}

void NoisyPath::run() {
    sockaddr_in client{};
    char buffer[65536];
    pollfd ready[] = {{client_.get(), POLLIN, 0},
                      {server_.get(), POLLIN, 0},
                      {stop_.get(), POLLIN, 0}};
    while (poll(ready, 3, -1) >= 0 && ready[2].revents == 0) {
        if (ready[0].revents != 0) {
            socklen_t size = sizeof client;
            const auto n = recvfrom(client_.get(), buffer, sizeof buffer, 0,
                                    pointer(client), &size);
            if (n > 0) {
                pass_on({buffer, static_cast<std::size_t>(n)});
            }
        }
        if (ready[1].revents != 0) {
            const auto n = recv(server_.get(), buffer, sizeof buffer, 0);
            if (n > 0) {
                sendto(client_.get(), buffer, static_cast<std::size_t>(n), 0,
                       pointer(client), sizeof client);
            }
        }
    }
}

// A different bit each time, from the end, where the authentication tag of the
// packet is, to the header.
void NoisyPath::pass_on(std::string_view datagram) {
    std::string damaged(datagram);
    const auto at = damaged_++ * 97 % damaged.size();
    damaged[damaged.size() - 1 - at] ^= 1;
    for (const auto& each : {datagram, datagram, std::string_view(damaged)}) {
        send(server_.get(), each.data(), each.size(), 0);
    }
}

}  // namespace support
