#include "backends/memcached/libmemcached.hpp"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <malloc.h>
#include <openssl/crypto.h>
#include <poll.h>
#include <span>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace backends::libmemcached {

#ifndef HAVE_LIBMEMCACHED

std::string load() {
    return "this build has no libmemcached";
}

#else

Functions api;

namespace {

/* Whose call is under way in the running coroutine. */
Yielding* calling = nullptr;

/*
 * What the library called before: poll(2) and the C library's own or, where
 * nginx has loaded another build of this module, that one's.
 */
void* next_poll = nullptr;
void* next_assert = nullptr;

/* What libmemcached calls for poll(2). */
int yielding_poll(pollfd* fds, nfds_t n, int timeout) {
    if (calling == nullptr || n != 1) {
        return reinterpret_cast<decltype(&::poll)>(next_poll)(fds, n, timeout);
    }
    return calling->poll(fds[0].fd, fds[0].events, fds[0].revents);
}

/* What libmemcached calls for a failed assertion, as <assert.h> has it. */
[[noreturn]] void escaping_assert(const char* assertion, const char* file,
                                  unsigned line, const char* function) {
    if (calling != nullptr) {
        calling->escape();
    }
    reinterpret_cast<decltype(&escaping_assert)>(next_assert)(assertion, file,
                                                              line, function);
    std::abort();
}

/* What of a loaded library's dynamic section is needed. */
struct Dynamic {
    const ElfW(Sym) * symbols = nullptr;
    const char* names = nullptr;
    std::span<const ElfW(Rela)> relocations; /* of functions */

    explicit Dynamic(const link_map& library) {
        std::size_t size = 0;
        const ElfW(Rela)* first = nullptr;

        for (const ElfW(Dyn)* d = library.l_ld; d->d_tag != DT_NULL; ++d) {
            switch (d->d_tag) {
            case DT_SYMTAB:
                symbols = at<ElfW(Sym)>(library, d->d_un.d_ptr);
                break;
            case DT_STRTAB:
                names = at<char>(library, d->d_un.d_ptr);
                break;
            case DT_JMPREL:
                first = at<ElfW(Rela)>(library, d->d_un.d_ptr);
                break;
            case DT_PLTRELSZ:
                size = d->d_un.d_val;
                break;
            default:
                break;
            }
        }
        relocations = {first, size / sizeof(ElfW(Rela))};
    }

  private:
    /* glibc has made these absolute, musl leaves them relative. */
    template <typename T>
    static const T* at(const link_map& library, ElfW(Addr) address) {
        bool relative = address < library.l_addr;
        return reinterpret_cast<const T*>(address +
                                          (relative ? library.l_addr : 0));
    }
};

/*
 * Lets the library's calls of `name` go to `function`. Returns where they went
 * before; null: they cannot be changed.
 */
void* rebind(const link_map& library, const char* name, void* function) {
    Dynamic dynamic(library);

    for (const ElfW(Rela) & relocation : dynamic.relocations) {
        /* the symbol's index: ELF64_R_SYM, or its 32-bit sibling */
        auto index = relocation.r_info >> (sizeof(void*) == 8 ? 32 : 8);
        if (std::strcmp(dynamic.names + dynamic.symbols[index].st_name, name) !=
            0) {
            continue;
        }

        auto slot = library.l_addr + relocation.r_offset;
        auto page_size = static_cast<ElfW(Addr)>(sysconf(_SC_PAGESIZE));
        auto* page = reinterpret_cast<void*>(slot & ~(page_size - 1));

        /* the linker may have protected it (-z now -z relro) */
        if (mprotect(page, page_size, PROT_READ | PROT_WRITE) == -1) {
            return nullptr;
        }
        return std::exchange(*reinterpret_cast<void**>(slot), function);
    }
    return nullptr;
}

/* What it held may have been a session. */
void cleanse_free(void* memory) {
    if (memory != nullptr) {
        OPENSSL_cleanse(memory, malloc_usable_size(memory));
        std::free(memory);
    }
}

/* realloc(3) would leave a copy. */
void* cleanse_realloc(void* memory, std::size_t size) {
    void* larger = std::malloc(size);

    if (larger != nullptr && memory != nullptr) {
        std::memcpy(larger, memory, std::min(size, malloc_usable_size(memory)));
        cleanse_free(memory);
    }
    return larger;
}

bool find_functions(void* library) {
    bool found = true;

#define LIBMEMCACHED_FIND(name)                                                \
    api.name##_ = reinterpret_cast<decltype(api.name##_)>(                     \
        dlsym(library, "memcached_" #name));                                   \
    found = found && api.name##_ != nullptr;
    LIBMEMCACHED_FUNCTIONS(LIBMEMCACHED_FIND)
#undef LIBMEMCACHED_FIND

    return found;
}

std::string load_once() {
    void* library = dlopen("libmemcached.so.11", RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
        return dlerror();
    }

    link_map* map = nullptr;
    if (dlinfo(library, RTLD_DI_LINKMAP, &map) == 0 &&
        find_functions(library)) {
        next_poll =
            rebind(*map, "poll", reinterpret_cast<void*>(yielding_poll));
    }
    if (next_poll == nullptr) {
        return "this libmemcached is not the one that was built for";
    }

    /* one without assertions has no such slot */
    next_assert =
        rebind(*map, "__assert_fail", reinterpret_cast<void*>(escaping_assert));
    return {};
}

}  // namespace

std::string load() {
    static const std::string missing = load_once();
    return missing;
}

void bound_memory(memcached_st* handle) {
    constexpr std::size_t most = max_allocation;

    api.set_memory_allocators_(
        handle,
        [](const memcached_st*, std::size_t size, void*) {
            return size <= most ? std::malloc(size) : nullptr;
        },
        [](const memcached_st*, void* memory, void*) { cleanse_free(memory); },
        [](const memcached_st*, void* memory, std::size_t size, void*) {
            return size <= most ? cleanse_realloc(memory, size) : nullptr;
        },
        [](const memcached_st*, std::size_t n, std::size_t size, void*) {
            return n <= most / size ? std::calloc(n, size) : nullptr;
        },
        nullptr);
}

Yielding::Yielding(coro::Scheduler& scheduler) noexcept
    : scheduler_(scheduler) {}

void Yielding::begin(coro::Time deadline) noexcept {
    deadline_ = deadline;
    busy_ = true;
    calling = this;
}

void Yielding::end() noexcept {
    calling = nullptr;
    busy_ = false;
}

void Yielding::interrupt() noexcept {
    expired_ = true;
    watch_.reset();
    if (waiter_) {
        scheduler_.wake(*waiter_, coro::Wake::cancelled);
    }
}

void Yielding::reset() noexcept {
    watch_.reset();
    expired_ = false;
    failed_ = false;
}

/*
 * The loop owns what it watches, and so does libmemcached what it opens:
 * the loop gets a duplicate. The library may close its socket and connect
 * anew in the middle of a call, mostly with the same descriptor: what tells
 * sockets apart is the inode, which is not used again while the duplicate
 * is open.
 */
bool Yielding::watch(int fd) noexcept {
    struct stat status {};
    if (fstat(fd, &status) == -1) {
        return false;
    }
    if (watch_ != nullptr && status.st_ino == inode_) {
        return true;
    }

    watch_.reset();
    int duplicate = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (duplicate == -1) {
        return false;
    }

    watch_ = scheduler_.loop().watch(
        duplicate, {[](void* self) noexcept {
                        auto& yielding = *static_cast<Yielding*>(self);
                        if (yielding.waiter_) {
                            yielding.scheduler_.wake(*yielding.waiter_);
                        }
                    },
                    this});
    inode_ = status.st_ino;
    return watch_ != nullptr;
}

/*
 * poll(2) for one socket, with the deadline of the call instead of the
 * library's timeout. Once expired nothing waits any more, so that the
 * library comes to an end by itself.
 */
int Yielding::poll(int fd, short events, short& revents) noexcept {
    if (expired_ || !watch(fd)) {
        expired_ = true;
        return 0;
    }

    unsigned readiness = 0;
    readiness |= (events & POLLIN) != 0 ? coro::readable : 0U;
    readiness |= (events & POLLOUT) != 0 ? coro::writable : 0U;

    watch_->take(); /* the library has just seen EAGAIN: what came is old */

    while ((watch_->take() & readiness) == 0) {
        if (!suspend(readiness)) {
            expired_ = true;
            return 0;
        }
    }

    /* a connect() may have failed, which only the kernel can tell */
    pollfd now{fd, events, 0};
    int n = (events & POLLOUT) != 0 ? ::poll(&now, 1, 0) : 1;
    revents = (events & POLLOUT) != 0 ? now.revents : events;
    return n;
}

/* One whose socket is ready in every turn would never see its timer. */
bool Yielding::suspend(unsigned readiness) noexcept {
    if (scheduler_.loop().now() >= deadline_ || !watch_->await(readiness)) {
        return false;
    }

    calling = nullptr; /* others may call meanwhile */
    waiter_ = coro::next_wait();
    coro::Wake how = coro::wait(deadline_);
    waiter_.reset();
    calling = this;
    return how == coro::Wake::ready && !expired_;
}

#endif

}  // namespace backends::libmemcached
