/*
 * Stacks for coroutines. Each reserves 2 MiB with a guard page below, and only
 * the pages that were touched cost memory. The size is for callbacks of other
 * modules that run there, such as Lua's. A stack that comes back is kept and is
 * the first to be reused, so that few are warm. Stacks that were idle for long
 * are unmapped.
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

    /* This many may be mapped, however little may be reserved. */
    static constexpr std::size_t few = 16;

    /*
     * `size` is in usable bytes per stack, a multiple of the page size.
     * `in_use`, if not null, gets the number of stacks that are taken.
     * `processes` is how many processes have a pool like this one.
     */
    explicit StackPool(std::size_t size = default_size, Gauge* in_use = nullptr,
                       std::size_t processes = 1) noexcept;

    /* All stacks have to be back. */
    ~StackPool();

    StackPool(const StackPool&) = delete;
    StackPool& operator=(const StackPool&) = delete;

    /*
     * Returns a stack, or one with a null `sp`, and errno set, if there is
     * none: address space, the share of it for stacks, or vm.max_map_count is
     * exhausted. Each stack takes two mappings.
     */
    Stack take() noexcept;

    /* Takes a stack back at time `now`. */
    void give(const Stack& stack, Time now) noexcept;

    /* Unmaps the stacks that have been idle since `before` or longer. */
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
    std::size_t limit_ = 0; /* for mapped_, until it is computed again */
    std::size_t processes_;
    Gauge* in_use_;
    std::vector<Idle> idle_; /* the last one was used last */
};

}  // namespace coro
