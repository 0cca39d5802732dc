/*
 * Stacks for coroutines: 2 MiB reserved each with a guard page below, of
 * which only the pages that were touched cost memory. So much, because
 * callbacks of other modules run there, with Lua and what else the
 * configuration has. A stack that comes
 * back is kept and is the first to go out again, so that few are warm; what
 * stayed idle for long is given back to the system.
 */

#pragma once

#include "coro/meter.hpp"
#include "coro/wait.hpp"

#include <boost/context/stack_context.hpp>
#include <cstddef>
#include <vector>

namespace coro {

using Stack = boost::context::stack_context;

class StackPool {
  public:
    static constexpr std::size_t default_size = 2 << 20;

    /* So many are tried to get, however little may be reserved. */
    static constexpr std::size_t few = 16;

    /*
     * `size`: usable bytes a stack, a multiple of the page size. `in_use`, if
     * there is one, tells how many are out. `processes`: how many have a pool
     * like this one.
     */
    explicit StackPool(std::size_t size = default_size, Gauge* in_use = nullptr,
                       std::size_t processes = 1) noexcept;

    /* All stacks have to be back. */
    ~StackPool();

    StackPool(const StackPool&) = delete;
    StackPool& operator=(const StackPool&) = delete;

    /*
     * A stack, or one with a null `sp` (and errno set) when the system has
     * none: address space, what of it is for stacks, or vm.max_map_count
     * exhausted. Each stack takes two mappings.
     */
    Stack take() noexcept;

    /* Takes a stack back at time `now`. */
    void give(const Stack& stack, Time now) noexcept;

    /* Unmaps what has been idle since `before` or longer. */
    void trim(Time before) noexcept;

    std::size_t idle() const noexcept { return idle_.size(); }
    std::size_t mapped() const noexcept { return mapped_; }

  private:
    struct Idle {
        Stack stack;
        Time since;
    };

    bool may_map() noexcept;
    Stack map() noexcept;
    void unmap(const Stack& stack) noexcept;

    void count() noexcept;

    std::size_t size_;
    std::size_t guard_;
    std::size_t mapped_ = 0;
    std::size_t limit_ = 0; /* for mapped_, until it is looked at again */
    std::size_t processes_;
    Gauge* in_use_;
    std::vector<Idle> idle_; /* the last is the one used last */
};

}  // namespace coro
