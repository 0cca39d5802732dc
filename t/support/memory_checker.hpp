#pragma once

#include "support/process.hpp"

#include <filesystem>
#include <string>

// AddressSanitizer with UBSan, if the tests are built with them (then the
// module is, too), or else Valgrind, if MEMCHECK=1 is in the environment.
namespace support {

// AddressSanitizer maps memory of its own for each coroutine, and ends the
// process when there is none.
#ifdef __SANITIZE_ADDRESS__
inline constexpr bool checker_would_starve = true;
#else
inline constexpr bool checker_would_starve = false;
#endif

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
