// Files that hold secrets.

#include "sessions/secret.hpp"
#include "support/files.hpp"

#include <doctest/doctest.h>
#include <fstream>
#include <sys/stat.h>

using namespace session_cache;
using support::TempDir;

namespace {

std::string write(const TempDir& dir, const std::string& content,
                  mode_t mode = 0600) {
    auto path = (dir.path() / "secret").string();
    std::ofstream(path) << content;
    REQUIRE(chmod(path.c_str(), mode) == 0);
    return path;
}

}  // namespace

TEST_CASE("secret: a file is read whole, whatever is in it") {
    const TempDir dir;
    for (const std::string& content :
         {std::string(), std::string("password\n"), std::string(80, '\0')}) {
        const auto file = read_secret(write(dir, content), 80);
        CHECK(file.error.empty());
        CHECK(file.content.view() == content);
    }
}

TEST_CASE("secret: a file that is too long is not read") {
    const TempDir dir;
    CHECK(read_secret(write(dir, std::string(81, 'x')), 80).error ==
          "longer than 80 bytes");
    CHECK(read_secret(write(dir, std::string(100'000, 'x')), 80).error ==
          "longer than 80 bytes");
}

TEST_CASE("secret: what is no file, or is not there") {
    const TempDir dir;
    CHECK(read_secret(dir.path() / "none", 80).error ==
          "open() failed (2: No such file or directory)");
    CHECK(read_secret(dir.path(), 80).error == "not a regular file");
    CHECK(read_secret("/dev/zero", 80).error == "not a regular file");

    const auto fifo = (dir.path() / "fifo").string();
    REQUIRE(mkfifo(fifo.c_str(), 0600) == 0);
    CHECK(read_secret(fifo, 80).error == "not a regular file");
}

TEST_CASE("secret: whether others can get at it") {
    const TempDir dir;
    for (const mode_t mode : {0400, 0600, 0640, 0660}) {
        const auto file = write(dir, "x", mode);
        CHECK_FALSE(read_secret(file, 80).is_open);
        CHECK_FALSE(is_open(file));
    }
    for (const mode_t mode : {0644, 0604, 0602, 0666}) {
        const auto file = write(dir, "x", mode);
        CHECK(read_secret(file, 80).is_open);
        CHECK(is_open(file));
    }
    CHECK_FALSE(is_open("/dev/null"));
    CHECK_FALSE(is_open(dir.path() / "none"));
}

TEST_CASE("secret: bytes that were moved are in one place only") {
    SecretBytes from(std::string("short"));
    const SecretBytes to(std::move(from));
    CHECK(to.view() == "short");
    CHECK(from.view().empty());  // NOLINT(bugprone-use-after-move)
}
