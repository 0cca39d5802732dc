#include "debug/capture/compressed.hpp"

#include <algorithm>
#include <string_view>
#include <unistd.h>

namespace debug {

std::string decompressor_of(int fd) {
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
    char head[8];
    ssize_t size = pread(fd, head, sizeof(head), 0);
    std::string_view bytes(
        head, static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
    const auto* found = std::find_if(
        std::begin(known), std::end(known),
        [&](const Known& each) { return bytes.starts_with(each.first); });
    return found == std::end(known) ? "" : found->program;
}

std::string how_to_read(const std::string& name, const std::string& program,
                        const std::string& option) {
    return name + " is compressed: " + program +
           " FILE | ngx-ssl-session-cache-debug " + option + " -";
}

}  // namespace debug
