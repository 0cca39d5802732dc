#pragma once

#include "support/files.hpp"
#include "support/socket.hpp"
#include "support/unique_fd.hpp"

#include <string>
#include <string_view>
#include <sys/socket.h>

namespace support {

// The other end of a connection: a listening socket, and the last connection
// that it accepted. It never blocks, so one thread can have both ends.
class Peer {
  public:
    // AF_UNIX, AF_INET or AF_INET6; `backlog` as for listen(2).
    explicit Peer(int family = AF_UNIX, int backlog = 128);

    const sockaddr* address() const {
        return reinterpret_cast<const sockaddr*>(&address_);
    }
    socklen_t length() const { return length_; }

    // Accepts the next connection, if one is there, in place of any earlier
    // one. What came on the earlier one is forgotten.
    bool accept();
    int fd() const { return connection_.get(); }

    // Everything that has come on the connection so far.
    const std::string& received();
    // Receives at most `most` bytes more.
    void receive(std::size_t most);
    // Whether the other end has closed.
    bool closed();

    // Throws if it does not fit into the socket.
    void send(std::string_view data);
    void hang_up() { connection_.reset(); }
    // Closes with a RST, if the family has one.
    void abort();

  private:
    TempDir dir_;
    sockaddr_storage address_{};
    socklen_t length_ = 0;
    UniqueFd listener_;
    UniqueFd connection_;
    std::string received_;
    bool closed_ = false;
};

// A listener whose queue is full, so that connecting never ends.
class Unreachable : public Peer {
  public:
    Unreachable();

  private:
    UniqueFd queued_[3];
};

}  // namespace support
