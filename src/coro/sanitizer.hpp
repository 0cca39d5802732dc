/*
 * Announces stacks that are not a thread's own to AddressSanitizer and
 * Valgrind. Otherwise they would take a switch between two stacks for a memory
 * error, and look for pointers on only one of them. In any other build all this
 * is empty.
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

/* A macro of Boost's: with it, stack_context has a valgrind_stack_id. */
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

/* Nothing runs on the stack any more: what its frames have left is void. */
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

    /* called by the resumer of the coroutine: before and after */
    void resume() noexcept {
        __sanitizer_start_switch_fiber(&resumer_frames_, bottom(stack_),
                                       stack_.size);
    }
    void resumed() noexcept {
        __sanitizer_finish_switch_fiber(resumer_frames_, nullptr, nullptr);
    }

    /* called by the coroutine: at its start, around its waits, at its end */
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
     * Where locals are kept, to detect use after return. Pointers among them
     * are no leaks. At most this much of it is mapped, with
     * max_uar_stack_size_log=16. If the region covers more than that, it does
     * no harm.
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
