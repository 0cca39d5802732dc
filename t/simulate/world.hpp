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

// Time and chance of one run. As long as it lives, in this process the clocks,
// the sockets and the random bytes that the product asks for are its own
// (wrapped.cpp). So what happens is a function of the seed.
class World {
  public:
    explicit World(std::uint64_t seed);
    ~World();
    World(const World&) = delete;
    World& operator=(const World&) = delete;

    static World* running() { return running_; }

    std::uint64_t seed() const { return seed_; }
    Chance& chance() { return chance_; }
    // For random bytes: how many were asked for must not change the rest.
    Chance& bytes() { return bytes_; }

    // Since it began. It only goes on.
    Micros now() const { return now_ + spent_; }

    // The time of day where the code runs, since 1970.
    Micros wall() const { return epoch + now() + wall_ahead_; }

    // Another one each time, from 1 on.
    std::uint64_t serial() { return ++serial_; }

    // Runs `what` then, or as soon as it is its turn.
    void at(Micros when, std::function<void()> what);
    void in(Micros delay, std::function<void()> what) {
        at(now() + delay, std::move(what));
    }

    // The next thing that happens, and time jumps to it. False: nothing will.
    bool step();

    void run_for(Micros time);

    // Whether `predicate` came to hold in time.
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

    // What code that runs takes, from begin_turn() to end_turn(), where the
    // clock is so far ahead.
    void begin_turn(Micros wall_ahead);
    void spend(Micros time) { spent_ += time; }
    Micros end_turn();

    // A call that the product makes. Too many without an end of the turn are a
    // loop without a wait, which nothing but the end of the process stops.
    void count_call();

    // What the run did goes into a number, and is shown to who replays it.
    void note(std::string_view what, std::uint64_t a = 0, std::uint64_t b = 0);
    std::uint64_t trace() const { return trace_; }
    // In words, only for who replays it.
    template <class... Words>
    void tell(const Words&... words) {
        if (told_) {
            std::string line;
            (line.append(words), ...);
            print(line);
        }
    }
    static void tell_all(bool told) { told_ = told; }

    // Something that has to hold does not.
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
