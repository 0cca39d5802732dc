#pragma once

#include <string>
#include <string_view>

namespace support {

// Checks that `text` is what the file has, a path below t/. With WRITE_WHOLE=1
// in the environment, writes the file anew.
void check_whole(const std::string& file, std::string_view text);

}  // namespace support
