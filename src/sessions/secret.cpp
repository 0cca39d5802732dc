#include "sessions/secret.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <sys/stat.h>
#include <unistd.h>

namespace session_cache {

namespace {

std::string failed(const char* call) {
    int error = errno;
    return std::string(call) + " failed (" + std::to_string(error) + ": " +
           std::strerror(error) + ")";
}

bool is_open(const struct stat& status) noexcept {
    return (status.st_mode & (S_IROTH | S_IWOTH)) != 0;
}

/* Reads everything, up to one byte more than is allowed. */
std::string read_all(int fd, std::size_t most, std::string& to) {
    std::size_t length = 0;

    to.resize(most + 1);
    while (length < to.size()) {
        ssize_t n = read(fd, &to[length], to.size() - length);
        if (n == -1) {
            return failed("read()");
        }
        if (n == 0) {
            break;
        }
        length += static_cast<std::size_t>(n);
    }

    to.resize(length);
    return length > most ? "longer than " + std::to_string(most) + " bytes"
                         : std::string();
}

std::string read_file(int fd, std::size_t most, SecretFile& file) {
    struct stat status {};
    if (fstat(fd, &status) == -1) {
        return failed("fstat()");
    }
    if (!S_ISREG(status.st_mode)) {
        return "not a regular file";
    }

    file.is_open = is_open(status);
    return read_all(fd, most, file.content.bytes());
}

}  // namespace

/* Cleanses the whole capacity: bytes after the end may have been used
 * before. */
SecretBytes::~SecretBytes() {
    bytes_.resize(bytes_.capacity());
    OPENSSL_cleanse(bytes_.data(), bytes_.size());
}

bool is_open(const std::string& path) noexcept {
    struct stat status {};
    return stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
           is_open(status);
}

/* Opens it non-blocking, because a FIFO would wait for its writer. */
SecretFile read_secret(const std::string& path, std::size_t most) {
    SecretFile file;

    int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd == -1) {
        file.error = failed("open()");
        return file;
    }

    file.error = read_file(fd, most, file);
    close(fd);
    return file;
}

}  // namespace session_cache
