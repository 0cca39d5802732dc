#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace support {

// A directory that is removed with its owner. KEEP_TEST_FILES=1 in the
// environment keeps it, to look at after a failure.
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

// The whole file. Empty if there is none yet.
std::string read_file(const std::filesystem::path& file);
void write_file(const std::filesystem::path& file, std::string_view text);

// Lines of `text` that contain `part`.
std::size_t count_lines(std::string_view text, std::string_view part);

// The repository this test binary was built from.
const std::filesystem::path& repository();

// Finds a program on PATH, or in the sbin directories, which are not on an
// ordinary user's PATH.
std::string find_program(const std::string& name);

}  // namespace support
