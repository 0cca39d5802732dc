#pragma once

#include "support/eventually.hpp"
#include "support/socket.hpp"
#include "support/unique_fd.hpp"

#include <deque>
#include <functional>
#include <list>
#include <mutex>
#include <poll.h>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace support {

// A proxy in front of a real store, for faults that no store has, or not at the
// right time. It accepts TCP connections, and passes on requests and replies,
// in a thread of its own.
class FaultProxy {
  public:
    enum class Then { goes_on, closes, resets };

    // What it does to all connections, also to open ones.
    struct Fault {
        Milliseconds delay{0};  // each way
        bool trickle = false;   // replies come byte by byte
        bool silent = false;    // accepts everything, and answers nothing
        // Returns what is sent instead of a reply.
        std::function<std::string(std::string)> edit = nullptr;
        Then then = Then::goes_on;  // after a reply
    };

    // `store` is the path of the store's Unix socket.
    explicit FaultProxy(std::string store);
    ~FaultProxy();
    FaultProxy(const FaultProxy&) = delete;
    FaultProxy& operator=(const FaultProxy&) = delete;

    const Address& address() const { return address_; }

    void set(Fault fault);
    void heal() { set({}); }

    // Sends unsolicited bytes on each connection.
    void say(const std::string& bytes);

  private:
    struct Piece {
        Clock::time_point due;
        std::string bytes;
        Then then = Then::goes_on;
    };

    // Bytes on their way to a socket.
    struct Way {
        UniqueFd to;
        std::deque<Piece> pieces;

        bool due(Clock::time_point now) const {
            return !pieces.empty() && pieces.front().due <= now;
        }
    };

    struct Link {
        Way store;
        Way client;
        std::string replies;  // of the store, incomplete
        bool over = false;
    };

    void run();
    // What poll(2) waits for. A pair of entries for each link comes last.
    std::vector<pollfd> interests() const;
    int timeout() const;
    void accept();
    void serve(Link& link, short store, short client, const Fault& fault);
    static void take_request(Link& link, const Fault& fault);
    static void take_replies(Link& link, const Fault& fault);
    static bool send_piece(Way& way);
    void say_unsolicited();

    const std::string store_;
    Address address_;
    UniqueFd listener_;
    UniqueFd wake_;

    std::mutex mutex_;  // of what the two threads share
    Fault fault_;
    std::string unsolicited_;
    bool stopping_ = false;

    std::list<Link> links_;
    std::thread thread_;
};

// The length of the first reply in `bytes`, of a Redis, or of a memcached in
// its text protocol. 0 if it is incomplete. Arrays are not supported.
std::size_t reply_length(std::string_view bytes);

// Whether a reply has a value, and so is an answer to a lookup.
bool is_value(std::string_view reply);

}  // namespace support
