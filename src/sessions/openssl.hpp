/*
 * OpenSSL's objects and failures in C++.
 */

#pragma once

#include <memory>
#include <new>
#include <openssl/err.h>
#include <span>
#include <string_view>

namespace session_cache {

using Bytes = std::span<const unsigned char>;

inline Bytes bytes_of(std::string_view text) noexcept {
    return {reinterpret_cast<const unsigned char*>(text.data()), text.size()};
}

template <auto free>
struct Free {
    template <typename T>
    void operator()(T* object) const noexcept {
        free(object);
    }
};

/* An object and the function that frees it, such as SSL_SESSION_free(3). */
template <typename T, auto free>
using Owned = std::unique_ptr<T, Free<free>>;

/*
 * For calls that fail only for lack of memory or entropy. If `succeeded` is
 * false, throws std::bad_alloc and empties the error queue.
 */
inline void require(bool succeeded) {
    if (!succeeded) {
        ERR_clear_error();
        throw std::bad_alloc();
    }
}

}  // namespace session_cache
