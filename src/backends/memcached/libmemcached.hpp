/*
 * libmemcached, loaded when it is needed and made to yield.
 *
 * libmemcached has no asynchronous API. But wherever it waits, it waits in
 * poll(2). So the one place in the loaded library that holds poll's address
 * (its global offset table's slot) is made to hold that of a function which
 * suspends the running coroutine instead; see libmemcached.cpp.
 *
 * Distributions build it with its assertions, some of which are about what a
 * server answers: one END to a set, and the worker is gone. So what a failed
 * assertion calls is likewise replaced, by a way back to who called.
 *
 * A machine without the library runs the module all the same, as long as
 * memcached is not asked for.
 */

#pragma once

#include "coro/coroutine.hpp"

#if __has_include(<libmemcached/memcached.h>)
#define HAVE_LIBMEMCACHED 1
#include <libmemcached/memcached.h>
#endif

#include <csetjmp>
#include <memory>
#include <optional>
#include <string>

namespace backends::libmemcached {

/*
 * Loads the library, once in a process. Returns what is missing, or an
 * empty string. May block; to be called while nginx is configured.
 */
std::string load();

#ifdef HAVE_LIBMEMCACHED

/* The functions that are used, by their names without "memcached_". */
#define LIBMEMCACHED_FUNCTIONS(F)                                              \
    F(create)                                                                  \
    F(free)                                                                    \
    F(quit)                                                                    \
    F(behavior_set)                                                            \
    F(set_memory_allocators)                                                   \
    F(server_add_with_weight)                                                  \
    F(server_add_unix_socket_with_weight)                                      \
    F(set_sasl_auth_data)                                                      \
    F(version)                                                                 \
    F(server_instance_by_position)                                             \
    F(server_major_version)                                                    \
    F(server_minor_version)                                                    \
    F(server_micro_version)                                                    \
    F(generate_hash)                                                           \
    F(set)                                                                     \
    F(delete)                                                                  \
    F(mget)                                                                    \
    F(fetch_result)                                                            \
    F(result_create)                                                           \
    F(result_free)                                                             \
    F(result_key_value)                                                        \
    F(result_key_length)                                                       \
    F(result_value)                                                            \
    F(result_length)                                                           \
    F(strerror)

struct Functions {
#define LIBMEMCACHED_MEMBER(name) decltype(&memcached_##name) name##_;
    LIBMEMCACHED_FUNCTIONS(LIBMEMCACHED_MEMBER)
#undef LIBMEMCACHED_MEMBER
};

/* Filled by load(). */
extern Functions api;

/* Far more than any session, and than any buffer of the library. */
constexpr std::size_t max_allocation = std::size_t{2} << 20;

/*
 * Bounds each allocation of a handle's: the library believes any length of
 * a value that it is told, and asks for as much.
 */
void bound_memory(memcached_st* handle);

/*
 * Whose calls into the library yield. While one of its calls is under way,
 * in a coroutine, the library's poll(2) on a socket suspends that coroutine
 * until the socket is ready, interrupt() is called, or the deadline is over
 * (for the library: poll's timeout, and what follows it never waits again).
 */
class Yielding {
  public:
    explicit Yielding(coro::Scheduler& scheduler) noexcept;

    Yielding(const Yielding&) = delete;
    Yielding& operator=(const Yielding&) = delete;

    /*
     * Calls `call`, which calls the library, with a deadline. When an
     * assertion of the library fails, its frames and those of `call` are
     * left by longjmp(3): `call` has to have nothing to destroy around a
     * call of the library.
     */
    template <typename Call>
    auto operator()(coro::Time deadline, const Call& call) {
        begin(deadline);
        if (setjmp(escape_) != 0) {
            failed_ = true;
            end();
            return decltype(call()){};
        }
        auto result = call();
        end();
        return result;
    }

    /* Leaves the call that is under way. */
    [[noreturn]] void escape() noexcept { std::longjmp(escape_, 1); }

    /*
     * Ends a wait that is under way as at its deadline, and lets nobody
     * wait until reset(). The library's socket is not watched any more.
     */
    void interrupt() noexcept;

    /* Whether a deadline has passed, or interrupt() was called. */
    bool expired() const noexcept { return expired_; }

    /* Whether an assertion has failed: what was returned says nothing. */
    bool failed() const noexcept { return failed_; }

    /* Whether a call is under way, suspended if anybody can ask. */
    bool busy() const noexcept { return busy_; }

    /* After the call of a handle that is gone: the next starts afresh. */
    void reset() noexcept;

    /* What the library's poll() is; `fd` is its socket. */
    int poll(int fd, short events, short& revents) noexcept;

  private:
    void begin(coro::Time deadline) noexcept;
    void end() noexcept;
    bool watch(int fd) noexcept;
    bool suspend(unsigned readiness) noexcept;

    coro::Scheduler& scheduler_;
    std::unique_ptr<coro::Watch> watch_; /* of a duplicate */
    ino_t inode_ = 0;                    /* of the socket that is watched */
    coro::Time deadline_{};
    bool expired_ = false;
    bool busy_ = false;
    bool failed_ = false;
    std::jmp_buf escape_{};
    std::optional<coro::Waker> waiter_;
};

#endif

}  // namespace backends::libmemcached
