/*
 * Keys in pages of their own. Core dumps leave them out if the system can do
 * that (MADV_DONTDUMP, madvise(2)), and they are cleansed when they are freed.
 */

#pragma once

#include "sessions/openssl.hpp"

#include <memory>
#include <openssl/crypto.h>
#include <sys/mman.h>
#include <type_traits>

namespace session_cache {

template <typename T>
struct CleanseAndUnmap {
    void operator()(T* secrets) const noexcept {
        OPENSSL_cleanse(secrets, sizeof(T));
        munmap(secrets, sizeof(T));
    }
};

template <typename T>
using SecretPages = std::unique_ptr<T, CleanseAndUnmap<T>>;

/* T consists only of bytes. Throws std::bad_alloc. */
template <typename T>
SecretPages<T> make_secret_pages() {
    static_assert(std::is_trivially_destructible_v<T>);
    void* pages = mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    require(pages != MAP_FAILED);
#ifdef MADV_DONTDUMP
    madvise(pages, sizeof(T), MADV_DONTDUMP);
#endif
    return SecretPages<T>(new (pages) T);
}

}  // namespace session_cache
