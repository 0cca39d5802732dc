#include "simulate/world.hpp"

#include "support/allocations.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace simulate {

using support::Allocations;

namespace {

// A turn in which a few thousand handshakes are released makes this many.
constexpr std::uint64_t most_calls = 200'000;

}  // namespace

World* World::running_ = nullptr;
bool World::told_ = false;

World::World(std::uint64_t seed) : seed_(seed), chance_(seed), bytes_(~seed) {
    running_ = this;
}

World::~World() {
    events_.clear();
    running_ = nullptr;
}

void World::at(Micros when, std::function<void()> what) {
    const Allocations::Scope test(Allocations::Of::test);
    events_.push_back({std::max(when, now_), ++last_event_, std::move(what)});
    std::ranges::push_heap(events_, is_later);
}

bool World::step() {
    if (events_.empty()) {
        return false;
    }
    std::ranges::pop_heap(events_, is_later);
    Event event = std::move(events_.back());
    events_.pop_back();
    now_ = std::max(now_, event.when);
    event.what();
    return true;
}

void World::run_for(Micros time) {
    const Micros end = now() + time;
    while (!events_.empty() && events_.front().when <= end) {
        step();
    }
    now_ = std::max(now_, end);
}

void World::begin_turn(Micros wall_ahead) {
    calls_ = 0;
    wall_ahead_ = wall_ahead;
}

Micros World::end_turn() {
    calls_ = 0;
    wall_ahead_ = Micros(0);
    return std::exchange(spent_, Micros(0));
}

void World::count_call() {
    if (++calls_ > most_calls) {
        print("a loop without a wait");
        std::fprintf(stderr, "SEED=%llu replays it\n",
                     static_cast<unsigned long long>(seed_));
        std::abort();
    }
}

// FNV-1a
void World::note(std::string_view what, std::uint64_t a, std::uint64_t b) {
    const auto add = [this](std::uint64_t number) {
        for (int byte = 0; byte < 8; ++byte, number >>= 8) {
            trace_ = (trace_ ^ (number & 0xff)) * 0x100000001b3;
        }
    };
    for (const char c : what) {
        add(static_cast<unsigned char>(c));
    }
    add(a);
    add(b);
    add(static_cast<std::uint64_t>(now().count()));
    if (told_) {
        print(std::string(what) + " " + std::to_string(a) + " " +
              std::to_string(b));
    }
}

void World::print(const std::string& line) const {
    const auto time = static_cast<long long>(now().count());
    std::fprintf(stderr, "%4lld.%06lld %s\n", time / 1'000'000,
                 time % 1'000'000, line.c_str());
}

void World::fail(const std::string& what) {
    const Allocations::Scope test(Allocations::Of::test);
    tell("FAILURE: ", what);
    failures_.push_back(std::to_string(now().count() / 1000) + " ms: " + what);
}

}  // namespace simulate
