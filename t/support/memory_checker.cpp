#include "support/memory_checker.hpp"

#include "support/files.hpp"

#include <cstdlib>
#include <utility>

#ifdef __SANITIZE_ADDRESS__
#include <dlfcn.h>
#include <sanitizer/asan_interface.h>
#endif

namespace support {

namespace fs = std::filesystem;

namespace {

const std::string report_name = "memory-errors";

std::string support_file(const char* name) {
    return (repository() / "t" / "support" / name).string();
}

#ifdef __SANITIZE_ADDRESS__

// For an option: there may be spaces in it.
std::string quoted(const std::string& path) {
    return "'" + path + "'";
}

// nginx is not built with it, so the library that we run with goes first.
std::string runtime() {
    Dl_info info{};
    dladdr(reinterpret_cast<void*>(&__asan_describe_address), &info);
    return info.dli_fname;
}

// What we run with ourselves: see t/sanitize.sh.
std::string own_options() {
    const char* own = std::getenv("ASAN_OPTIONS");
    return own != nullptr ? std::string(own) + ":" : "";
}

Arguments checker(const fs::path& dir, Leaks leaks) {
    const auto options = "log_path=" + quoted((dir / report_name).string()) +
                         ":abort_on_error=1:print_stacktrace=1";
    return {"env", "LD_PRELOAD=" + runtime(), "UBSAN_OPTIONS=" + options,
            "ASAN_OPTIONS=" + own_options() + options +
                (leaks == Leaks::ignored ? ":detect_leaks=0" : ""),
            "LSAN_OPTIONS=print_suppressions=0:suppressions=" +
                quoted(support_file("lsan.supp"))};
}

#else

Arguments checker(const fs::path& dir, Leaks leaks) {
    if (!in_valgrind()) {
        return {};
    }
    return {"valgrind",
            "--quiet",
            leaks == Leaks::ignored ? "--leak-check=no" : "--leak-check=full",
            "--show-leak-kinds=definite",
            "--log-file=" + (dir / report_name).string() + ".%p",
            "--suppressions=" + support_file("valgrind.supp")};
}

#endif

}  // namespace

Arguments checked(Arguments command, const fs::path& dir, Leaks leaks) {
    auto all = checker(dir, leaks);
    all.insert(all.end(), std::make_move_iterator(command.begin()),
               std::make_move_iterator(command.end()));
    return all;
}

std::string checker_environment() {
#ifdef __SANITIZE_ADDRESS__
    return "env LD_PRELOAD;\nenv ASAN_OPTIONS;\nenv UBSAN_OPTIONS;\n"
           "env LSAN_OPTIONS;\n";
#else
    return "";
#endif
}

std::string memory_errors(const fs::path& dir) {
    std::string errors;
    for (const auto& entry : fs::directory_iterator(dir)) {
        if (entry.path().filename().string().starts_with(report_name)) {
            errors += read_file(entry.path());
        }
    }
    return errors;
}

}  // namespace support
