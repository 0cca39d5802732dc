/*
 * When to say that an operation of the store fails: when it fails otherwise
 * than before, and when it has worked for a while again. So neither a store
 * that refuses everything nor a single bad key writes a line a request.
 */

#pragma once

#include "coro/wait.hpp"

#include <string>
#include <string_view>

namespace backends {

class Trouble {
  public:
    /* How long it has to work to be over. */
    static constexpr coro::Time quiet{10000};

    /* It failed with `code`. Returns whether to say so. */
    bool failed(std::string_view code, coro::Time now) {
        last_ = now;
        if (code_ == code) {
            return false;
        }
        code_ = code;
        return true;
    }

    /* It worked. Returns whether to say that it does again. */
    bool worked(coro::Time now) {
        if (code_.empty() || now - last_ < quiet) {
            return false;
        }
        code_.clear();
        return true;
    }

  private:
    std::string code_; /* empty: it works */
    coro::Time last_{};
};

}  // namespace backends
