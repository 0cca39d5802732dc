/*
 * Secrets in memory, and files that hold them.
 */

#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace session_cache {

/* Bytes that hold secrets. They are cleansed (OPENSSL_cleanse(3)) when they are
 * freed. */
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

    /* Resize it only once: memory that is left behind by growth is not
     * cleansed. */
    std::string& bytes() noexcept { return bytes_; }
    std::string_view view() const noexcept { return bytes_; }

  private:
    std::string bytes_;
};

/* The contents of a file, or why it could not be read. */
struct SecretFile {
    SecretBytes content{};
    std::string error{};  /* empty if it was read */
    bool is_open = false; /* to users other than its owner and group */
};

/*
 * Reads a file of at most `most` bytes. A file that is not a regular one is an
 * error. Throws std::bad_alloc.
 */
SecretFile read_secret(const std::string& path, std::size_t most);

/* SecretFile::is_open of a file that is read elsewhere. */
bool is_open(const std::string& path) noexcept;

}  // namespace session_cache
