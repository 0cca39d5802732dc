#pragma once

#include "support/process.hpp"

#include <cstdlib>
#include <filesystem>
#include <string>

// The memory checker of the servers under test: AddressSanitizer with UBSan if
// the module is built with them, or else Valgrind if MEMCHECK=1 is in the
// environment.
namespace support {

// Whether this test binary is built with it, which is not necessary to test a
// module that is (see t/run.sh). It maps memory of its own for each coroutine,
// and ends the process if there is none.
inline bool in_sanitizer() {
#ifdef __SANITIZE_ADDRESS__
    return true;
#else
    return std::getenv("SANITIZER_RUNTIME") != nullptr;
#endif
}

// Leaks of modules that are not ours: LeakSanitizer may crash at the end of
// one.
enum class Leaks { reported, ignored };

// `command` with the checker, which reports to files in `dir`.
Arguments checked(Arguments command, const std::filesystem::path& dir,
                  Leaks leaks = Leaks::reported);

// For nginx.conf: the checker of a new binary, after SIGUSR2.
std::string checker_environment();

// The reports there.
std::string memory_errors(const std::filesystem::path& dir);

}  // namespace support
