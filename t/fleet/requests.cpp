#include "fleet/requests.hpp"

#include <array>

namespace fleet {

namespace {

// As in hiredis' commands, and in memcached's text protocol.
constexpr std::array<std::string_view, 4> of_redis{
    "$3\r\nGET\r\n", "$3\r\nSET\r\n", "$5\r\nSETEX\r\n", "$3\r\nDEL\r\n"};
constexpr std::array<std::string_view, 4> of_memcached{"get ", "set ", "add ",
                                                       "delete "};

std::size_t count(std::string_view bytes, std::string_view part) {
    std::size_t n = 0;
    for (auto at = bytes.find(part); at != bytes.npos;
         at = bytes.find(part, at + part.size())) {
        ++n;
    }
    return n;
}

// At the beginning of a line.
std::size_t count_lines(std::string_view bytes, std::string_view part) {
    std::size_t n = bytes.starts_with(part) ? 1 : 0;
    for (auto at = bytes.find("\r\n"); at != bytes.npos;
         at = bytes.find("\r\n", at + 2)) {
        n += bytes.substr(at + 2).starts_with(part) ? 1 : 0;
    }
    return n;
}

}  // namespace

std::size_t count_requests(std::string_view bytes) {
    std::size_t n = 0;
    for (const auto command : of_redis) {
        n += count(bytes, command);
    }
    for (const auto command : of_memcached) {
        n += count_lines(bytes, command);
    }
    return n;
}

}  // namespace fleet
