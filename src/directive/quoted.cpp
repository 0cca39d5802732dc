#include "directive/quoted.hpp"

#include <algorithm>

namespace session_cache {

std::string printable(std::string_view text) {
    std::string printable(text);
    std::replace_if(
        printable.begin(), printable.end(),
        [](unsigned char c) { return c < ' ' || c == 0x7f; }, '?');
    return printable;
}

std::string quoted(std::string_view text) {
    return '"' + printable(text) + '"';
}

}  // namespace session_cache
