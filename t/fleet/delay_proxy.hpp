#pragma once

#include "support/eventually.hpp"
#include "support/socket.hpp"
#include "support/unique_fd.hpp"

#include <atomic>
#include <cstdint>
#include <deque>
#include <list>
#include <poll.h>
#include <string>
#include <thread>
#include <vector>

namespace fleet {

// A proxy that makes a server slow. It passes on every byte of any protocol
// after a delay, which may be changed at any time. It has a thread of its own.
class DelayProxy {
  public:
    explicit DelayProxy(support::Address server);
    ~DelayProxy();
    DelayProxy(const DelayProxy&) = delete;
    DelayProxy& operator=(const DelayProxy&) = delete;

    const support::Address& address() const { return address_; }

    // In each direction, for what comes from now on.
    void set_delay(support::Milliseconds delay) { delay_ = delay.count(); }

    // How many requests came (requests.hpp).
    std::uint64_t requests() const { return requests_; }

  private:
    struct Piece {
        support::Clock::time_point due;
        std::string bytes;
    };

    // Bytes from one end to the other.
    struct Way {
        support::UniqueFd from;
        std::deque<Piece> pieces{};
    };

    struct Link {
        Way to_server;
        Way to_client;
        bool over = false;
    };

    void run();
    std::vector<pollfd> interests() const;
    int timeout() const;
    void accept();
    void take_requests(Link& link);
    void take(Link& link, Way& way, std::string bytes) const;
    static void send_due(Link& link, Way& way, const support::UniqueFd& to);

    const support::Address server_;
    support::Address address_;
    support::UniqueFd listener_;
    support::UniqueFd wake_;
    std::atomic<support::Milliseconds::rep> delay_ = 0;
    std::atomic<std::uint64_t> requests_ = 0;
    std::atomic<bool> stopping_ = false;
    std::list<Link> links_;
    std::thread thread_;
};

}  // namespace fleet
