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

// A free port, kept for its owner: our socket is bound to it but does not
// listen, so that a server may take the port (SO_REUSEADDR) while nobody else
// is given it, and until then a connection is refused.
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

// Whether it knows the name localhost, which a bare root file system does not.
bool has_localhost();

// A non-blocking TCP connection.
class Socket {
  public:
    // `source` may name a local address to come from.
    explicit Socket(const Address& address, const std::string& source = "");
    // One that is there already, of any kind; throws when it is not.
    explicit Socket(UniqueFd connected);

    int fd() const { return fd_.get(); }
    void write(std::string_view data);
    // All that comes until the other end closes; throws at the deadline.
    std::string read_to_end(Milliseconds deadline = patience);
    // Closes with a RST instead of a FIN.
    void abort();
    void close() { fd_.reset(); }

  private:
    UniqueFd fd_;
};

// Listens on a port of `address` that the kernel chooses, and is told there.
UniqueFd listen_at(Address& address);

// The next connection; nothing when none is there any more.
UniqueFd accept_from(const UniqueFd& listener);

// To a Unix socket; nothing when nobody is there.
UniqueFd connect_to(const std::string& path);

// What is there to read; nothing at the end, or on an error.
std::string receive_some(int fd);

// Whether `fd` has any of `events` before `end`.
bool wait_for(int fd, short events, Clock::time_point end);

}  // namespace support
