#include "support/whole.hpp"

#include "support/files.hpp"

#include <cstdlib>
#include <doctest/doctest.h>

namespace support {

void check_whole(const std::string& file, std::string_view text) {
    const auto path = repository() / "t" / file;
    if (std::getenv("WRITE_WHOLE") != nullptr) {
        write_file(path, text);
    }
    CAPTURE(path.string());
    CHECK(std::string(text) == read_file(path));
}

}  // namespace support
