#pragma once

#include "support/eventually.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

namespace fleet {

// A completed handshake, as its client saw it.
struct Visit {
    bool offered = false;  // a session, to resume
    bool resumed = false;
    std::uint32_t took_us = 0;    // from connect() to the handshake's end
    std::uint32_t waited_us = 0;  // part of that: for the store
};

struct Percentiles {
    std::uint32_t p50 = 0, p99 = 0;
};

// Percentiles of microseconds. 0 if there are none.
Percentiles percentiles(std::vector<std::uint32_t> values);

// What happened in one second.
struct Second {
    unsigned fresh = 0;  // full handshakes of clients that had no session
    unsigned lost = 0;   // of those that had one
    unsigned resumed = 0;
    unsigned failed = 0;
    std::uint64_t requests = 0;  // to the store
    std::vector<std::uint32_t> waits_us;
    std::vector<std::uint32_t> handshakes_us;

    unsigned returned() const { return lost + resumed; }
};

// An event, in seconds since the run began.
struct Mark {
    std::string name;
    double begin = 0;
    double end = 0;
};

// What happened, second by second. Any thread may add to it.
class Timeline {
  public:
    // Sets its clock to 0.
    void start() { start_ = support::Clock::now(); }

    double now() const;
    void wait_until(double second) const;

    void add(const Visit& visit);
    void add_failure(const std::string& what);
    void add_requests(std::size_t second, std::uint64_t count);

    // Returns its index.
    std::size_t begin_event(const std::string& name);
    void end_event(std::size_t index);

    Second second(std::size_t index) const;
    std::size_t size() const;
    // The events in that second, such as "reload". May be empty.
    std::string events_in(std::size_t index) const;
    std::vector<Mark> marks() const;

    // The sum of these seconds, without times.
    Second sum(std::size_t begin, std::size_t end) const;
    // The share of clients with a session that resumed. 1 if there were none.
    double rate(std::size_t begin, std::size_t end) const;

    // A few of the handshakes' failures, a line each.
    std::string failures() const;

  private:
    Second& present();
    Second& at(std::size_t index);

    support::Clock::time_point start_ = support::Clock::now();
    mutable std::mutex mutex_;  // of all below
    std::deque<Second> seconds_;
    std::vector<Mark> marks_;
    std::vector<std::string> failures_;
};

// The line that is printed for a second.
std::string line_of(const Timeline& timeline, std::size_t second);

void write_csv(const Timeline& timeline, const std::filesystem::path& file);

}  // namespace fleet
