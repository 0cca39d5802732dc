#pragma once

#include <chrono>
#include <cstdlib>
#include <thread>
#include <utility>

namespace support {

using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::milliseconds;

// Whether the servers under test run in Valgrind, which is slow.
inline bool in_valgrind() {
    return std::getenv("MEMCHECK") != nullptr;
}

// How long a test waits for something that should happen at once. Only a broken
// program takes this long, or a Sentinel that did not run for two seconds: then
// it trusts nothing for half a minute ("tilt").
inline const Milliseconds patience{in_valgrind() ? 200'000 : 60'000};

// How long something that takes a second may take on a busy machine.
inline const Milliseconds soon{in_valgrind() ? 200'000 : 20'000};

// Polls, because other processes offer nothing to wait on.
template <class Predicate>
bool eventually(Predicate&& predicate, Milliseconds deadline = patience) {
    const auto end = Clock::now() + deadline;
    while (!predicate()) {
        if (Clock::now() >= end) {
            return false;
        }
        std::this_thread::sleep_for(Milliseconds{5});
    }
    return true;
}

// The time until `end`, for poll(2).
inline int poll_timeout(Clock::time_point end) {
    const auto left =
        std::chrono::ceil<Milliseconds>(end - Clock::now()).count();
    return left > 0 ? static_cast<int>(left) : 0;
}

}  // namespace support
