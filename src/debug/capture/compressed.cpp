#include "debug/capture/compressed.hpp"

#include <algorithm>
#include <string_view>
#include <unistd.h>

namespace debug {

namespace {

/* How much of a file is examined. */
constexpr std::size_t head_size = 8;

std::string decompressor_of(std::string_view bytes) {
    struct Known {
        std::string_view first; /* bytes */
        const char* program;
    };
    constexpr Known known[]{{"\x1f\x8b", "zcat"},
                            {"\xfd"
                             "7zXZ",
                             "xzcat"},
                            {"BZh", "bzcat"},
                            {"\x28\xb5\x2f\xfd", "zstdcat"}};
    const auto* found = std::find_if(
        std::begin(known), std::end(known),
        [&](const Known& each) { return bytes.starts_with(each.first); });
    return found == std::end(known) ? "" : found->program;
}

}  // namespace

std::string decompressor_of(int fd) {
    char head[head_size];
    ssize_t size = pread(fd, head, sizeof(head), 0);
    return decompressor_of(std::string_view(
        head, static_cast<std::size_t>(std::max<ssize_t>(size, 0))));
}

/* The C library takes back as much as it gave. */
std::string decompressor_of(std::FILE* stream) {
    char head[head_size];
    std::string_view bytes(head, std::fread(head, 1, sizeof(head), stream));
    for (auto byte = bytes.rbegin(); byte != bytes.rend(); ++byte) {
        std::ungetc(static_cast<unsigned char>(*byte), stream);
    }
    return decompressor_of(bytes);
}

std::string how_to_read(const std::string& name, const std::string& program,
                        const std::string& option) {
    return name + " is compressed: " + program +
           " FILE | ngx-ssl-session-cache-debug " + option + " -";
}

}  // namespace debug
