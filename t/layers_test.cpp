// Includes point one way, and a library is only known where the tables say so.
// A room is a folder below src.

#include "support/files.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <filesystem>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace fs = std::filesystem;
using support::repository;

namespace {

struct Room {
    std::string name;
    std::set<std::string> includes;  // other rooms, all of them above this one
};

const std::vector<Room> rooms{
    {"numbers", {}},
    {"version", {}},
    {"coro", {}},
    {"coro/ngx_loop", {"coro"}},  // two files, and a room to themselves
    {"sessions", {}},
    {"backends", {"coro"}},
    {"backends/redis", {"numbers", "backends"}},
    {"backends/memcached", {"numbers", "backends"}},
    {"tickets", {"numbers", "coro", "sessions", "backends"}},
    {"directive", {"numbers", "backends", "backends/memcached", "tickets"}},
    {"status", {"coro", "sessions", "backends", "tickets"}},
    {"module",
     {"version", "coro", "coro/ngx_loop", "sessions", "backends",
      "backends/memcached", "tickets", "directive", "status"}},
    {"http", {"status", "module"}},
    {"stream", {"module"}},
    {"mail", {"module"}},
    {"debug/capture", {"numbers"}},
    {"debug/wire", {"numbers", "debug/capture"}},
    {"debug/stories", {"numbers", "sessions", "debug/capture", "debug/wire"}},
    {"debug/tell", {"debug/capture", "debug/stories"}},
    {"debug",
     {"numbers", "version", "sessions", "directive", "debug/capture",
      "debug/wire", "debug/stories", "debug/tell"}},
};

struct Library {
    std::string headers;          // an expression
    std::set<std::string> rooms;  // that include them
};

const std::vector<Library> libraries{
    {"ngx_(?!http|stream|mail).*|nginx.*", {"coro/ngx_loop", "module"}},
    {"ngx_http.*", {"http"}},
    {"ngx_stream.*", {"stream"}},
    {"ngx_mail.*", {"mail"}},
    {"openssl/.*", {"sessions", "backends", "tickets", "module"}},
    {"hiredis/.*", {"backends/redis"}},
    {"libmemcached.*", {"backends/memcached"}},
    {"boost/.*", {"coro"}},
    {"nlohmann/.*", {"status", "debug/tell"}},
    {"pcap/.*", {"debug/capture"}},
};

struct Include {
    fs::path file;  // that has it, below src
    bool ours;      // in quotes
    std::string what;
};

std::string room_of(const fs::path& file) {
    return file.stem() == "ngx_loop" ? file.parent_path() / file.stem()
                                     : file.parent_path();
}

std::vector<Include> read_includes() {
    static const std::regex line(
        R"re(\s*#\s*include\s*([<"])([^">]+)[">].*)re");
    std::vector<Include> found;
    const fs::path src = repository() / "src";

    for (const auto& entry : fs::recursive_directory_iterator(src)) {
        if (!entry.is_regular_file()) {
            continue;
        }
        std::istringstream text(support::read_file(entry.path()));
        std::smatch match;
        for (std::string row; std::getline(text, row);) {
            if (std::regex_match(row, match, line)) {
                found.push_back({fs::relative(entry.path(), src),
                                 match[1] == "\"", match[2]});
            }
        }
    }
    return found;
}

const std::vector<Include>& includes() {
    static const std::vector<Include> all = read_includes();
    return all;
}

bool is_room(const std::string& name) {
    return std::any_of(rooms.begin(), rooms.end(),
                       [&](const Room& room) { return room.name == name; });
}

}  // namespace

TEST_CASE("layers: every folder is in the table") {
    const fs::path src = repository() / "src";
    for (const auto& entry : fs::recursive_directory_iterator(src)) {
        if (entry.is_directory()) {
            std::string folder = fs::relative(entry.path(), src);
            CAPTURE(folder);
            CHECK(is_room(folder));
        }
    }
}

TEST_CASE("layers: a room includes only rooms above it in the table") {
    std::set<std::string> above;
    for (const Room& room : rooms) {
        CAPTURE(room.name);
        CHECK(std::includes(above.begin(), above.end(), room.includes.begin(),
                            room.includes.end()));
        CHECK(above.insert(room.name).second);
    }
}

TEST_CASE("layers: each room includes those that the table says, and all") {
    for (const Room& room : rooms) {
        CAPTURE(room.name);
        std::set<std::string> unused = room.includes;
        for (const Include& include : includes()) {
            std::string other = room_of(include.what);
            if (!include.ours || room_of(include.file) != room.name ||
                other == room.name) {
                continue;
            }
            CAPTURE(include.file);
            CAPTURE(include.what);
            CHECK(room.includes.contains(other));
            unused.erase(other);
        }
        CHECK(unused == std::set<std::string>());
    }
}

TEST_CASE("layers: what is ours is included by its path below src") {
    for (const Include& include : includes()) {
        CAPTURE(include.file);
        CAPTURE(include.what);
        CHECK(fs::is_regular_file(repository() / "src" / include.what) ==
              include.ours);
    }
}

TEST_CASE("layers: each library is known where the table says, and there") {
    for (const Library& library : libraries) {
        CAPTURE(library.headers);
        const std::regex headers(library.headers);
        std::set<std::string> unused = library.rooms;
        for (const Include& include : includes()) {
            if (include.ours || !std::regex_match(include.what, headers)) {
                continue;
            }
            CAPTURE(include.file);
            CAPTURE(include.what);
            CHECK(library.rooms.contains(room_of(include.file)));
            unused.erase(room_of(include.file));
        }
        CHECK(unused == std::set<std::string>());
    }
}
