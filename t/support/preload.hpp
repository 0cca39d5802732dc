#pragma once

#include "support/files.hpp"
#include "support/memory_checker.hpp"

#include <cstdlib>
#include <filesystem>
#include <string>

// A preloaded library would replace AddressSanitizer.
#define PRELOAD_TEST_CASE(name)                                                \
    TEST_CASE((name)*doctest::skip(support::in_sanitizer()))

namespace support {

// A variable in the environment of processes that are started while it lives.
class Environment {
  public:
    Environment(std::string name, const std::string& value)
        : name_(std::move(name)) {
        setenv(name_.c_str(), value.c_str(), 1);
    }
    ~Environment() { unsetenv(name_.c_str()); }
    Environment(const Environment&) = delete;
    Environment& operator=(const Environment&) = delete;

  private:
    std::string name_;
};

// Preloads t/preload/NAME.c, which is built next to the test binary, under a
// path without blanks, which would end the name.
class Preload {
  public:
    explicit Preload(const std::string& name)
        : environment_("LD_PRELOAD", (dir_.path() / name).string()) {
        const auto binary = std::filesystem::read_symlink("/proc/self/exe");
        create_symlink(binary.parent_path() / (name + ".so"),
                       dir_.path() / name);
    }

  private:
    TempDir dir_;
    Environment environment_;
};

}  // namespace support
