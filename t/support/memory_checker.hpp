#pragma once

#include "support/process.hpp"

#include <cstdlib>
#include <filesystem>
#include <string>

// What the servers under test run in: AddressSanitizer with UBSan, if the
// module is built with them, or else Valgrind, if MEMCHECK=1 is in the
// environment.
namespace support {

// A test binary need not be built with it to test a module that is: t/run.sh.
// It maps memory of its own for each coroutine, and ends the process when there
// is none.
inline bool in_sanitizer() {
#ifdef __SANITIZE_ADDRESS__
    return true;
#else
    return std::getenv("SANITIZER_RUNTIME") != nullptr;
#endif
}

// Of modules that are not ours: LeakSanitizer may crash at the end of one.
enum class Leaks { reported, ignored };

// `command`, such that the checker sees what it does, and reports to files
// in `dir`.
Arguments checked(Arguments command, const std::filesystem::path& dir,
                  Leaks leaks = Leaks::reported);

// For nginx.conf: what a new binary, after SIGUSR2, is checked with.
std::string checker_environment();

// What has been reported there.
std::string memory_errors(const std::filesystem::path& dir);

}  // namespace support
