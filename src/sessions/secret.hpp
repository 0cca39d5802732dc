/*
 * Secrets in memory, and files that hold them.
 */

#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace session_cache {

/* Bytes that hold secrets: cleansed (OPENSSL_cleanse(3)) when they go. */
class SecretBytes {
  public:
    SecretBytes() = default;
    explicit SecretBytes(std::string&& bytes) noexcept
        : bytes_(std::move(bytes)) {}
    ~SecretBytes();

    SecretBytes(SecretBytes&& other) noexcept { *this = std::move(other); }
    SecretBytes& operator=(SecretBytes&& other) noexcept {
        bytes_.swap(other.bytes_);
        return *this;
    }

    /* To be resized once: what is left behind by growing is not cleansed. */
    std::string& bytes() noexcept { return bytes_; }
    std::string_view view() const noexcept { return bytes_; }

  private:
    std::string bytes_;
};

/* What a file holds, or why that is not known. */
struct SecretFile {
    SecretBytes content{};
    std::string error{};  /* empty: it was read */
    bool is_open = false; /* to users besides its owner and group */
};

/*
 * Reads a file of `most` bytes at most; another kind than a regular one is
 * an error. Throws std::bad_alloc.
 */
SecretFile read_secret(const std::string& path, std::size_t most);

/* SecretFile::is_open of a file that others read. */
bool is_open(const std::string& path) noexcept;

}  // namespace session_cache
