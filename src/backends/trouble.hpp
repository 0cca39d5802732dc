/*
 * Decides when to log that something fails: when it fails in a new way since it
 * last worked for a while. So neither a store that refuses everything, nor a
 * single bad key, nor errors that take turns write a line for each request.
 */

#pragma once

#include "coro/wait.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace backends {

/* Allocates nothing, because a lack of memory has to be reported, too. */
class Trouble {
  public:
    /* How long it has to work before the trouble is over. */
    static constexpr coro::Time quiet{10000};

    /* How many ways to fail are distinguished. A store may say anything. */
    static constexpr std::size_t max_kinds = 8;

    /*
     * It failed with `code`. Codes that differ only in numbers are the same.
     * Returns whether to log it.
     */
    bool failed(std::string_view code, coro::Time now) noexcept {
        Kind kind = kind_of(code);
        auto* end = kinds_.begin() + n_;

        last_ = now;
        if (std::find(kinds_.begin(), end, kind) != end) {
            return false;
        }
        if (n_ == max_kinds) {
            ++untold_;
            return false;
        }
        kinds_.at(n_++) = kind;
        return true;
    }

    /* It worked. Returns whether to log that it works again. */
    bool worked(coro::Time now) noexcept {
        if (n_ == 0 || now - last_ < quiet) {
            return false;
        }
        n_ = 0;
        return true;
    }

    /* It works, however recently it failed. Returns whether it had failed. */
    bool over() noexcept { return std::exchange(n_, 0) != 0; }

    /* How often it failed in further ways than max_kinds, since the last
     * call. */
    std::uint64_t take_untold() noexcept { return std::exchange(untold_, 0); }

  private:
    using Kind = std::uint64_t;

    /* FNV-1a, over each number as one digit. */
    static Kind kind_of(std::string_view code) noexcept {
        Kind kind = 0xcbf29ce484222325;
        char before = '\0';

        for (char c : code) {
            char folded = c >= '0' && c <= '9' ? '0' : c;
            if (folded != '0' || before != '0') {
                kind =
                    (kind ^ static_cast<unsigned char>(folded)) * 0x100000001b3;
            }
            before = folded;
        }
        return kind;
    }

    std::array<Kind, max_kinds> kinds_{};
    std::size_t n_ = 0; /* of kinds_; 0: it works */
    std::uint64_t untold_ = 0;
    coro::Time last_{};
};

}  // namespace backends
