/*
 * When to say that something fails: when it fails otherwise than ever since
 * it last worked for a while. So neither a store that refuses everything nor
 * a single bad key writes a line a request, nor do errors that take turns.
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

/* Allocates nothing: what is short of memory has to be told of, too. */
class Trouble {
  public:
    /* How long it has to work to be over. */
    static constexpr coro::Time quiet{10000};

    /* So many ways to fail are told apart; there is no telling what a store
     * may say. */
    static constexpr std::size_t max_kinds = 8;

    /*
     * It failed with `code`, in which a number stands for any other. Returns
     * whether to say so.
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

    /* It worked. Returns whether to say that it does again. */
    bool worked(coro::Time now) noexcept {
        if (n_ == 0 || now - last_ < quiet) {
            return false;
        }
        n_ = 0;
        return true;
    }

    /* It works, whenever it failed last. Returns whether it has. */
    bool over() noexcept { return std::exchange(n_, 0) != 0; }

    /* How often it failed in a way that there was no room for, since the
     * last call. */
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
