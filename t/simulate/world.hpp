#pragma once

#include "simulate/chance.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace simulate {

using Micros = std::chrono::microseconds;
using Milliseconds = std::chrono::milliseconds;
using Seconds = std::chrono::seconds;

// Time and chance of one run. While it lives, it provides the clocks, sockets
// and random bytes of the product in this process (wrapped.cpp). So what
// happens is a function of the seed.
class World {
  public:
    explicit World(std::uint64_t seed);
    ~World();
    World(const World&) = delete;
    World& operator=(const World&) = delete;

    static World* running() { return running_; }

    std::uint64_t seed() const { return seed_; }
    Chance& chance() { return chance_; }
    // For random bytes. Their number must not change other choices.
    Chance& bytes() { return bytes_; }

    // The time since it began. It never goes back.
    Micros now() const { return now_ + spent_; }

    // The time of day of the running code's machine, since 1970.
    Micros wall() const { return epoch + now() + wall_ahead_; }

    // A new number each time, from 1 on.
    std::uint64_t serial() { return ++serial_; }

    // Runs `what` at that time, or as soon as possible after it.
    void at(Micros when, std::function<void()> what);
    void in(Micros delay, std::function<void()> what) {
        at(now() + delay, std::move(what));
    }

    // Jumps to the next event, and runs it. Returns false if there is none.
    bool step();

    void run_for(Micros time);

    // Runs until `predicate` holds. Returns whether that was in time.
    template <class Predicate>
    bool run_until(const Predicate& predicate, Micros longest) {
        const Micros end = now() + longest;
        while (!predicate()) {
            if (now() >= end || !step()) {
                return predicate();
            }
        }
        return true;
    }

    // The time that running code takes, from begin_turn() to end_turn(), on a
    // machine whose clock is this far ahead.
    void begin_turn(Micros wall_ahead);
    void spend(Micros time) { spent_ += time; }
    Micros end_turn();

    // Counts a call that the product makes. Too many in one turn mean a loop
    // without a wait, which only the end of the process can stop.
    void count_call();

    // Hashes what the run did, and prints it in a replay.
    void note(std::string_view what, std::uint64_t a = 0, std::uint64_t b = 0);
    std::uint64_t trace() const { return trace_; }
    // Prints words, only in a replay.
    template <class... Words>
    void tell(const Words&... words) {
        if (told_) {
            std::string line;
            (line.append(words), ...);
            print(line);
        }
    }
    static void tell_all(bool told) { told_ = told; }

    // Reports that something that must hold does not.
    void fail(const std::string& what);
    const std::vector<std::string>& failures() const { return failures_; }

  private:
    struct Event {
        Micros when;
        std::uint64_t number;
        std::function<void()> what;
    };

    static constexpr Micros epoch = Seconds(1767225600);
    static World* running_;
    static bool told_;

    static bool is_later(const Event& a, const Event& b) {
        return a.when != b.when ? a.when > b.when : a.number > b.number;
    }
    void print(const std::string& line) const;

    const std::uint64_t seed_;
    Chance chance_;
    Chance bytes_;
    Micros now_{0};
    Micros spent_{0};
    Micros wall_ahead_{0};
    std::vector<Event> events_;  // a heap
    std::uint64_t last_event_ = 0;
    std::uint64_t serial_ = 0;
    std::uint64_t calls_ = 0;
    std::uint64_t trace_ = 0xcbf29ce484222325;
    std::vector<std::string> failures_;
};

}  // namespace simulate
