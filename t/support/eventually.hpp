#pragma once

#include <chrono>
#include <thread>
#include <utility>

namespace support {

using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::milliseconds;

// How long a test waits for something that ought to happen at once. Only a
// broken program makes anyone wait this long.
inline constexpr Milliseconds patience{20'000};

// Other processes offer nothing to wait on, so their state is polled.
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

// What is left until `end`, as poll(2) wants it.
inline int poll_timeout(Clock::time_point end) {
    const auto left =
        std::chrono::ceil<Milliseconds>(end - Clock::now()).count();
    return left > 0 ? static_cast<int>(left) : 0;
}

}  // namespace support
