// Includes point one way: from http, stream, mail and debug to module, backends
// and coro; and nginx is known where the tree says it is.

#include "support/files.hpp"

#include <doctest/doctest.h>
#include <filesystem>
#include <regex>
#include <string>
#include <vector>

namespace fs = std::filesystem;
using support::repository;

namespace {

struct Include {
    std::string file;      // that has it, below src
    std::string included;  // as it is written
};

std::vector<Include> includes_in(const std::string& room) {
    static const std::regex line(R"re(\s*#\s*include\s*[<"]([^">]+)[">].*)re");
    std::vector<Include> found;
    const fs::path src = repository() / "src";

    for (const auto& entry : fs::recursive_directory_iterator(src / room)) {
        if (!entry.is_regular_file()) {
            continue;
        }
        std::istringstream text(support::read_file(entry.path()));
        std::smatch match;
        for (std::string row; std::getline(text, row);) {
            if (std::regex_match(row, match, line)) {
                found.push_back({fs::relative(entry.path(), src), match[1]});
            }
        }
    }
    return found;
}

// What `room` may not include, in no file but `excepted`.
void check_without(const std::string& room, const std::string& forbidden,
                   const std::string& excepted = "none") {
    for (const auto& include : includes_in(room)) {
        CAPTURE(include.file);
        CAPTURE(include.included);
        CHECK((include.file.find(excepted) != std::string::npos ||
               !std::regex_search(include.included, std::regex(forbidden))));
    }
}

// Whether there is such an include, so that the other tests are no idle talk.
bool any(const std::string& room, const std::string& prefix) {
    for (const auto& include : includes_in(room)) {
        if (include.included.starts_with(prefix)) {
            return true;
        }
    }
    return false;
}

const std::string nginx = "(^|/)(ngx|nginx)";

}  // namespace

TEST_CASE("layers: coro knows neither backends nor module") {
    check_without("coro", "^(backends|module)/");
}

TEST_CASE("layers: backends know no module") {
    check_without("backends", "^module/");
    CHECK(any("backends", "coro/"));
}

TEST_CASE("layers: of coro, ngx_loop alone knows nginx") {
    check_without("coro", nginx, "coro/ngx_loop.");
    CHECK(any("coro", "ngx_core.h"));
}

TEST_CASE("layers: backends know no nginx, and no nginx loop") {
    check_without("backends", nginx);
}

TEST_CASE("layers: coro knows no store's protocol") {
    check_without("coro", "^hiredis/");
    CHECK(any("backends", "hiredis/"));
}

TEST_CASE("layers: what is tested without nginx is without it") {
    for (const char* room : {"sessions", "directive", "status"}) {
        check_without(room, nginx);
        check_without(room, "^module/");
    }
    CHECK(any("module", "ngx_core.h"));
}

TEST_CASE("layers: http, stream and mail know the core, and it none of them") {
    for (const std::string room : {"coro", "backends", "module"}) {
        check_without(room, "^(http|stream|mail)/");
        check_without(room, "^ngx_(http|stream|mail)\\.h$");
    }
    check_without("http", "^(stream|mail)/");
    check_without("stream", "^(http|mail)/");
    check_without("mail", "^(http|stream)/");
    for (const std::string room : {"http", "stream", "mail"}) {
        CHECK(any(room, "module/"));
        CHECK(any(room, "ngx_" + room + ".h"));
    }
}

TEST_CASE("layers: debug knows no nginx, and nobody knows debug") {
    check_without("debug", nginx);
    check_without("debug", "^module/");
    for (const char* room :
         {"coro", "backends", "module", "http", "stream", "mail"}) {
        check_without(room, "^debug/");
    }
}

TEST_CASE("layers: includes are by their room, not by relative paths") {
    for (const char* room : {"coro", "backends", "module", "debug"}) {
        check_without(room, R"(\.\./)");
    }
}
