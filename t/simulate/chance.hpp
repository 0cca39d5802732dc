#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace simulate {

// All random choices, from a seed. They are the same on every machine, which
// the library's distributions do not guarantee.
class Chance {
  public:
    explicit Chance(std::uint64_t seed) : state_(seed) {}

    // splitmix64
    std::uint64_t next() {
        state_ += 0x9e3779b97f4a7c15;
        std::uint64_t z = state_;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return z ^ (z >> 31);
    }

    // From 0 to n - 1.
    std::size_t below(std::size_t n) { return next() % n; }

    bool one_in(std::size_t n) { return below(n) == 0; }

    // Both included.
    template <class Number>
    Number between(Number from, Number to) {
        return from + static_cast<Number>(
                          below(static_cast<std::size_t>(to - from) + 1));
    }
    template <class Rep, class Period>
    std::chrono::duration<Rep, Period>
    between(std::chrono::duration<Rep, Period> from,
            std::chrono::duration<Rep, Period> to) {
        return std::chrono::duration<Rep, Period>(
            between(from.count(), to.count()));
    }

    // A random one of them. There has to be at least one.
    template <class All>
    auto& of(All& all) {
        return all[below(all.size())];
    }

    template <class All>
    void shuffle(All& all) {
        for (std::size_t i = all.size(); i > 1; --i) {
            std::swap(all[i - 1], all[below(i)]);
        }
    }

  private:
    std::uint64_t state_;
};

}  // namespace simulate
