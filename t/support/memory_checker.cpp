#include "support/memory_checker.hpp"

#include "support/files.hpp"

#include <cstdlib>
#include <stdexcept>
#include <utility>

namespace support {

namespace fs = std::filesystem;

namespace {

const std::string report_name = "memory-errors";

std::string support_file(const char* name) {
    return (repository() / "t" / "support" / name).string();
}

// Quoted for an option, because it may contain spaces, or an apostrophe.
std::string quoted(const std::string& path) {
    const char* quote = path.find('\'') == path.npos ? "'" : "\"";
    return quote + path + quote;
}

// See t/sanitize.sh.
std::string from_environment(const char* name) {
    const char* value = std::getenv(name);
    if (value == nullptr) {
        throw std::runtime_error(std::string("no ") + name +
                                 " in the environment: see t/sanitize.sh");
    }
    return value;
}

// nginx is not built with it, so its library goes first.
Arguments sanitizer(const fs::path& dir, Leaks leaks) {
    const auto options = "log_path=" + quoted((dir / report_name).string()) +
                         ":abort_on_error=1:print_stacktrace=1";
    return {"env", "LD_PRELOAD=" + from_environment("SANITIZER_RUNTIME"),
            "UBSAN_OPTIONS=" + options,
            "ASAN_OPTIONS=" + from_environment("ASAN_OPTIONS") + ":" + options +
                (leaks == Leaks::ignored ? ":detect_leaks=0" : ""),
            "LSAN_OPTIONS=print_suppressions=0:suppressions=" +
                quoted(support_file("lsan.supp"))};
}

Arguments valgrind(const fs::path& dir, Leaks leaks) {
    return {"valgrind",
            "--quiet",
            leaks == Leaks::ignored ? "--leak-check=no" : "--leak-check=full",
            "--show-leak-kinds=definite",
            "--log-file=" + (dir / report_name).string() + ".%p",
            "--suppressions=" + support_file("valgrind.supp")};
}

Arguments checker(const fs::path& dir, Leaks leaks) {
    if (in_sanitizer()) {
        return sanitizer(dir, leaks);
    }
    return in_valgrind() ? valgrind(dir, leaks) : Arguments{};
}

}  // namespace

Arguments checked(Arguments command, const fs::path& dir, Leaks leaks) {
    auto all = checker(dir, leaks);
    all.insert(all.end(), std::make_move_iterator(command.begin()),
               std::make_move_iterator(command.end()));
    return all;
}

std::string checker_environment() {
    return in_sanitizer() ? "env LD_PRELOAD;\nenv ASAN_OPTIONS;\n"
                            "env UBSAN_OPTIONS;\nenv LSAN_OPTIONS;\n"
                          : "";
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
