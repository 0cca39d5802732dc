#include "debug/program_path.hpp"

#include "support/nginx.hpp"

namespace support {

std::string program() {
    return (module_path().parent_path() / "ngx-ssl-session-cache-debug")
        .string();
}

std::string quoted_program() {
    std::string quoted = "'";
    for (const char c : program()) {
        quoted += c == '\'' ? "'\\''" : std::string(1, c);
    }
    return quoted + '\'';
}

}  // namespace support
