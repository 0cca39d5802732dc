#pragma once

#include "support/socket.hpp"
#include "support/unique_fd.hpp"

#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace support {

// Masters of a cluster for very many clients, in a thread. They have no keys,
// and note when they are asked for the slots.
class FakeCluster {
  public:
    explicit FakeCluster(std::size_t masters);
    ~FakeCluster();

    const Address& address(std::size_t i) const { return nodes_[i].address; }

    // Closes all connections of master `i`. It accepts no more.
    void kill(std::size_t i) { kill_ = static_cast<int>(i); }
    bool killed() const { return kill_ < 0 && ever_killed_; }

    // How many connections were made to it so far.
    int connected(std::size_t i) const;

    // How often `i` was asked for the slots in the second after `begin`.
    int asked(std::size_t i, Clock::time_point begin) const;

  private:
    struct Node {
        Address address;
        UniqueFd listener;
        int connected = 0;
        std::vector<Clock::time_point> asked;
    };
    struct Connection {
        std::size_t node;
        UniqueFd fd;
        std::string received;
    };

    void run();
    void accept_all(std::size_t i);
    bool serve(Connection& connection);
    std::string answer(Connection& connection);
    std::string topology() const;
    void kill_now(std::size_t i);

    mutable std::mutex mutex_;
    std::vector<Node> nodes_;
    std::map<int, Connection> connections_;
    UniqueFd epoll_;
    std::atomic<int> kill_{-1};
    std::atomic<bool> ever_killed_{false};
    std::atomic<bool> stopping_{false};
    std::thread thread_;
};

}  // namespace support
