#pragma once

#include "support/socket.hpp"
#include "support/unique_fd.hpp"

#include <deque>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <thread>

namespace support {

// A connection as it was on the wire.
struct Recording {
    std::string to_server;
    std::string to_client;
};

// An eavesdropper in front of a server. It records everything and passes it on,
// in a thread of its own.
class Wiretap {
  public:
    explicit Wiretap(const Address& server);
    // The server has a Unix socket.
    explicit Wiretap(const std::string& server);
    ~Wiretap();
    Wiretap(const Wiretap&) = delete;
    Wiretap& operator=(const Wiretap&) = delete;

    const Address& address() const { return address_; }

    // All connections so far, in the order in which they began. A recording
    // contains everything that either end has received.
    std::deque<Recording> recordings() const;

  private:
    struct Link {
        Socket client;
        Socket server;
        Recording& recording;
        bool over = false;
    };

    explicit Wiretap(std::function<Socket()> connect);

    void run();
    void accept();
    void pass(Link& link, Socket& from, std::string Recording::*way);

    const std::function<Socket()> connect_;
    Address address_;
    UniqueFd listener_;
    UniqueFd wake_;

    mutable std::mutex mutex_;  // of what the two threads share
    std::deque<Recording> recordings_;

    std::list<Link> links_;
    std::thread thread_;
};

}  // namespace support
