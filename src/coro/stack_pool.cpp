#include "coro/stack_pool.hpp"

#include "coro/reservation.hpp"
#include "coro/sanitizer.hpp"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <sys/mman.h>
#include <unistd.h>

namespace coro {

StackPool::StackPool(std::size_t size, Gauge* in_use,
                     std::size_t processes) noexcept
    : size_(size), guard_(static_cast<std::size_t>(sysconf(_SC_PAGESIZE))),
      processes_(processes), in_use_(in_use) {
    assert(size % guard_ == 0);
}

StackPool::~StackPool() {
    trim(never);
    assert(mapped_ == 0);
}

Stack StackPool::take() noexcept {
    Stack stack;

    if (idle_.empty()) {
        stack = map();
    } else {
        stack = idle_.back().stack;
        idle_.pop_back();
    }
    count();
    return stack;
}

void StackPool::give(const Stack& stack, Time now) noexcept {
    sanitizer::vacated(stack);
    /* map() made the room, so this does not allocate */
    idle_.push_back({stack, now});
    count();
}

void StackPool::count() noexcept {
    if (in_use_ != nullptr) {
        in_use_->set(mapped_ - idle_.size());
    }
}

void StackPool::trim(Time before) noexcept {
    auto keep = std::find_if(idle_.begin(), idle_.end(), [&](const Idle& idle) {
        return idle.since > before;
    });

    std::for_each(idle_.begin(), keep,
                  [this](const Idle& idle) { unmap(idle.stack); });
    idle_.erase(idle_.begin(), keep);
}

/* Limits may change. They are read now and then, and before a refusal. */
bool StackPool::may_map() noexcept {
    constexpr std::size_t now_and_then = 64;

    if (mapped_ >= limit_) {
        std::size_t stack = size_ + guard_;
        limit_ = std::min(
            std::max(reservable(mapped_ * stack, processes_) / stack, few),
            mapped_ + now_and_then);
    }
    return mapped_ < limit_;
}

Stack StackPool::map() noexcept {
    Stack stack;

    if (!may_map()) {
        errno = ENOMEM;
        return stack;
    }

    try {
        if (idle_.capacity() <= mapped_) {
            idle_.reserve(2 * mapped_ + 16);
        }
    } catch (const std::bad_alloc&) {
        return stack;
    }

    void* base =
        mmap(nullptr, guard_ + size_, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED) {
        return stack;
    }

    if (mprotect(base, guard_, PROT_NONE) == -1) {
        munmap(base, guard_ + size_);
        return stack;
    }

    /* a huge page would be resident as a whole, and before Linux 6.7 MAP_STACK
     * does not prevent that */
    (void)madvise(base, guard_ + size_, MADV_NOHUGEPAGE);

    ++mapped_;
    stack.size = size_;
    stack.sp = static_cast<char*>(base) + guard_ + size_;
    sanitizer::mapped(stack);
    return stack;
}

void StackPool::unmap(const Stack& stack) noexcept {
    sanitizer::unmapping(stack);
    munmap(static_cast<char*>(stack.sp) - size_ - guard_, guard_ + size_);
    --mapped_;
}

}  // namespace coro
