#pragma once

#include "support/eventually.hpp"
#include "support/unique_fd.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace support {

// A loopback address.
struct Address {
    std::string host = "127.0.0.1";
    std::uint16_t port = 0;

    // As in a listen directive or a URL.
    std::string text() const;
};

// A free port, reserved for its owner. Our socket is bound to it but does not
// listen. So a server may take the port (SO_REUSEADDR), nobody else gets it,
// and until then connections are refused.
class ReservedPort {
  public:
    explicit ReservedPort(std::string host = "127.0.0.1");

    const Address& address() const { return address_; }
    std::uint16_t number() const { return address_.port; }

  private:
    Address address_;
    UniqueFd socket_;
};

// Whether this machine has an IPv6 loopback, which not every container has.
bool has_ipv6();

// Whether it knows the name localhost. A bare root file system does not.
bool has_localhost();

// A non-blocking TCP connection.
class Socket {
  public:
    // `source` may name a local address to come from.
    explicit Socket(const Address& address, const std::string& source = "");
    // Takes over an existing connection of any kind. Throws if there is none.
    explicit Socket(UniqueFd connected);

    int fd() const { return fd_.get(); }
    void write(std::string_view data);
    // Everything that comes until the other end closes. Throws at the deadline.
    std::string read_to_end(Milliseconds deadline = patience);
    // Closes with a RST instead of a FIN.
    void abort();
    void close() { fd_.reset(); }

  private:
    UniqueFd fd_;
};

// Listens on a port that the kernel chooses, and writes it to `address`.
UniqueFd listen_at(Address& address);

// The next connection. Empty if there are no more.
UniqueFd accept_from(const UniqueFd& listener);

// Connects to a Unix socket. Empty if nobody listens.
UniqueFd connect_to(const std::string& path);

// What there is to read. Empty at the end, or on an error.
std::string receive_some(int fd);

// Whether `fd` has any of `events` before `end`.
bool wait_for(int fd, short events, Clock::time_point end);

}  // namespace support
