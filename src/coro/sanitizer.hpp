/*
 * What AddressSanitizer and Valgrind have to be told of stacks that are not
 * a thread's own, lest they take a switch between two for a memory error or
 * look for pointers on one only. In any other build all this is empty.
 */

#pragma once

#include <boost/context/stack_context.hpp>
#include <cstddef>

#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#include <sanitizer/lsan_interface.h>
#endif

/* Boost's macro: with it stack_context has a valgrind_stack_id. */
#ifdef BOOST_USE_VALGRIND
#include <valgrind/memcheck.h>
#endif

namespace coro::sanitizer {

using Stack = boost::context::stack_context;

inline void* bottom(const Stack& stack) noexcept {
    return static_cast<char*>(stack.sp) - stack.size;
}

/* A stack has been mapped. */
inline void mapped([[maybe_unused]] Stack& stack) noexcept {
#ifdef __SANITIZE_ADDRESS__
    __lsan_register_root_region(bottom(stack), stack.size);
#endif
#ifdef BOOST_USE_VALGRIND
    stack.valgrind_stack_id = VALGRIND_STACK_REGISTER(bottom(stack), stack.sp);
#endif
}

/* Nobody is on the stack any more: what its frames have left is void. */
inline void vacated([[maybe_unused]] const Stack& stack) noexcept {
#ifdef __SANITIZE_ADDRESS__
    ASAN_UNPOISON_MEMORY_REGION(bottom(stack), stack.size);
#endif
#ifdef BOOST_USE_VALGRIND
    VALGRIND_MAKE_MEM_UNDEFINED(bottom(stack), stack.size);
#endif
}

/* A stack is about to be unmapped. */
inline void unmapping([[maybe_unused]] const Stack& stack) noexcept {
#ifdef __SANITIZE_ADDRESS__
    __lsan_unregister_root_region(bottom(stack), stack.size);
#endif
#ifdef BOOST_USE_VALGRIND
    VALGRIND_STACK_DEREGISTER(stack.valgrind_stack_id);
#endif
}

#ifdef __SANITIZE_ADDRESS__

/* Announces the switches to and from one coroutine, on either side. */
class Announcer {
  public:
    Announcer() = default;
    explicit Announcer(const Stack& stack) noexcept : stack_(stack) {}

    /* by who resumes the coroutine: before it, and afterwards */
    void resume() noexcept {
        __sanitizer_start_switch_fiber(&resumer_frames_, bottom(stack_),
                                       stack_.size);
    }
    void resumed() noexcept {
        __sanitizer_finish_switch_fiber(resumer_frames_, nullptr, nullptr);
    }

    /* by the coroutine: in the beginning, around its waits, in the end */
    void arrived() noexcept {
        if (frames_ != nullptr) {
            __lsan_unregister_root_region(frames_, most_frames);
        }
        __sanitizer_finish_switch_fiber(frames_, &resumer_bottom_,
                                        &resumer_size_);
    }
    void leave() noexcept {
        __sanitizer_start_switch_fiber(&frames_, resumer_bottom_,
                                       resumer_size_);
        if (frames_ != nullptr) {
            __lsan_register_root_region(frames_, most_frames);
        }
    }
    void leave_for_good() noexcept {
        __sanitizer_start_switch_fiber(nullptr, resumer_bottom_, resumer_size_);
    }

  private:
    Stack stack_;
    const void* resumer_bottom_ = nullptr;
    std::size_t resumer_size_ = 0;

    /*
     * The locals that are kept apart, to see their use after return. Pointers
     * among them are no leaks. So much is mapped of them at most, with
     * max_uar_stack_size_log=16; of what is not theirs it does not matter.
     */
    static constexpr std::size_t most_frames = 1U << 20;
    void* frames_ = nullptr;
    void* resumer_frames_ = nullptr;
};

#else

struct Announcer {
    Announcer() = default;
    explicit Announcer(const Stack&) noexcept {}
    void resume() noexcept {}
    void resumed() noexcept {}
    void arrived() noexcept {}
    void leave() noexcept {}
    void leave_for_good() noexcept {}
};

#endif

}  // namespace coro::sanitizer
