#pragma once

#include "support/socket.hpp"
#include "support/unique_fd.hpp"

#include <netinet/in.h>
#include <string_view>
#include <thread>

namespace support {

// A path for the datagrams between one client and a server. Each of the
// client's arrives twice, and once more with one bit flipped.
class NoisyPath {
  public:
    explicit NoisyPath(const Address& server);
    ~NoisyPath();
    NoisyPath(const NoisyPath&) = delete;
    NoisyPath& operator=(const NoisyPath&) = delete;

    // What the client takes for the server.
    const Address& address() const { return address_; }

  private:
    void run();
    void pass_on(std::string_view datagram);

    Address address_;
    UniqueFd client_;
    UniqueFd server_;
    UniqueFd stop_;
    std::size_t damaged_ = 0;
    std::thread thread_;
};

}  // namespace support
