/*
 * Memory for bytes that may be secret: unsealed sessions, and passwords. It is
 * cleansed (OPENSSL_cleanse(3)) when it is freed.
 */

#pragma once

#include <cstddef>
#include <memory>
#include <openssl/crypto.h>
#include <string>

namespace backends {

template <typename T>
struct CleansingAllocator {
    using value_type = T;

    CleansingAllocator() = default;
    template <typename Other>
    CleansingAllocator(const CleansingAllocator<Other>& /* other */) noexcept {}

    T* allocate(std::size_t n) { return std::allocator<T>().allocate(n); }

    void deallocate(T* memory, std::size_t n) noexcept {
        OPENSSL_cleanse(memory, n * sizeof(T));
        std::allocator<T>().deallocate(memory, n);
    }

    bool operator==(const CleansingAllocator& /* other */) const = default;
};

using CleansedBytes =
    std::basic_string<char, std::char_traits<char>, CleansingAllocator<char>>;

}  // namespace backends
