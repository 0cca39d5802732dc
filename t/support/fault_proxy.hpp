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

// Before a real store, for what no store does, or not when it is wanted. It
// takes TCP connections, passes on what comes, and the store's replies; all
// in a thread of its own.
class FaultProxy {
  public:
    enum class Then { goes_on, closes, resets };

    // What it does to the connections, those that are open too.
    struct Fault {
        Milliseconds delay{0};  // each way
        bool trickle = false;   // replies come byte by byte
        bool silent = false;    // takes whatever comes, and answers nothing
        // What is sent in place of a reply.
        std::function<std::string(std::string)> edit = nullptr;
        Then then = Then::goes_on;  // after a reply
    };

    // The store has a Unix socket at `store`, when it is there.
    explicit FaultProxy(std::string store);
    ~FaultProxy();
    FaultProxy(const FaultProxy&) = delete;
    FaultProxy& operator=(const FaultProxy&) = delete;

    const Address& address() const { return address_; }

    void set(Fault fault);
    void heal() { set({}); }

    // Sends what nobody has asked for, on each connection.
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
        std::string replies;  // of the store, not whole yet
        bool over = false;
    };

    void run();
    // What poll(2) is to wait for: a pair of entries for each link, last.
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

// The length of the first reply in `bytes`, of a Redis or of a memcached in
// its text protocol; 0: it is not whole. Arrays are not known.
std::size_t reply_length(std::string_view bytes);

// Whether a reply brings a value, and so is an answer to a lookup.
bool is_value(std::string_view reply);

}  // namespace support
