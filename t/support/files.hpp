#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace support {

// A directory that goes away with its owner; KEEP_TEST_FILES=1 in the
// environment keeps it for a look after a failure.
class TempDir {
  public:
    TempDir();
    ~TempDir();
    TempDir(const TempDir&) = delete;
    TempDir& operator=(const TempDir&) = delete;

    const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

// The whole file; empty when there is none yet.
std::string read_file(const std::filesystem::path& file);
void write_file(const std::filesystem::path& file, std::string_view text);

// Lines of `text` that contain `part`.
std::size_t count_lines(std::string_view text, std::string_view part);

// The repository this test binary was built from.
const std::filesystem::path& repository();

// A program by its name: on PATH, or in the sbin directories, which are not
// on an ordinary user's PATH.
std::string find_program(const std::string& name);

}  // namespace support
