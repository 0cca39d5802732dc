#pragma once

#include "directive/directive.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <functional>
#include <string>
#include <utility>
#include <vector>

// Tables of the directive's arguments, with the expected results.
namespace support::directive {

using session_cache::Directive;
using session_cache::EarlyData;
using session_cache::Parsed;
using session_cache::ServerParameters;
using session_cache::Tickets;
using session_cache::Type;

// Arguments are separated by spaces, as in nginx.conf, or by `separator`.
inline Parsed parse(const std::string& line, char separator = ' ') {
    std::vector<std::string_view> arguments;
    std::string_view rest = line;
    while (!rest.empty()) {
        const auto end = std::min(rest.find(separator), rest.size());
        arguments.push_back(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return session_cache::parse(arguments);
}

inline ServerParameters redis(const std::string& host,
                              std::uint16_t port = 6379) {
    return {.host = host, .path = "", .port = port};
}

struct Right {
    std::string line;
    std::function<void(Directive&)> change;  // to the defaults
};

inline void check(const std::vector<Right>& table) {
    for (const auto& right : table) {
        CAPTURE(right.line);
        Directive expected;
        expected.store.servers = {redis("127.0.0.1")};
        right.change(expected);
        const Parsed parsed = parse(right.line);
        CHECK(parsed.error == "");
        CHECK(parsed.directive == expected);
    }
}

struct Wrong {
    std::string line;
    std::string error;
};

inline void check(const std::vector<Wrong>& table) {
    for (const auto& wrong : table) {
        CAPTURE(wrong.line);
        CHECK(parse(wrong.line).error == wrong.error);
    }
}

inline std::string quoted(const std::string& text) {
    return '"' + text + '"';
}

// Each of `values` is refused, with a message that contains it and the name.
inline void check_invalid(const std::string& name,
                          const std::vector<std::string>& values) {
    std::vector<Wrong> table(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
        table[i].line.append(name).append("=").append(values[i]);
        table[i]
            .error.append("invalid ")
            .append(quoted(values[i]))
            .append(" in parameter ")
            .append(quoted(name));
    }
    check(table);
}

inline std::string dots(std::size_t n) {
    return std::string(n, '.');
}

}  // namespace support::directive
