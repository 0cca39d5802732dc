#include "soak/figures.hpp"

#include "support/files.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace soak {

namespace fs = std::filesystem;
using support::read_file;

namespace {

// How much a heap may grow though nothing leaks: its free lists settle only
// slowly under a load that is never the same twice, and a fault in the last
// quarter may be the first to meet the most handshakes. This is half of what
// 1 KiB per handshake adds up to in the shortest run (a minute).
constexpr long allowed_percent = 2;
constexpr long allowed_constant = 256;

fs::path proc(pid_t pid, const char* name) {
    return fs::path("/proc") / std::to_string(pid) / name;
}

// A number of /proc/PID/status: "RssAnon:     1234 kB".
long number(const std::string& status, const std::string& name) {
    const auto at = status.find("\n" + name + ":");
    return at == std::string::npos
               ? 0
               : std::atol(status.c_str() + at + name.size() + 2);
}

long count_entries(const fs::path& dir) {
    std::error_code gone;
    const fs::directory_iterator entries(dir, gone);
    return gone ? 0 : std::distance(begin(entries), end(entries));
}

long median(Course::const_iterator first, Course::const_iterator last) {
    std::vector<long> values;
    std::transform(first, last, std::back_inserter(values),
                   [](const Figures& figures) { return figures.anonymous; });
    const auto middle = values.begin() + std::ssize(values) / 2;
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

}  // namespace

Figures figures_of(pid_t pid) {
    const auto status = read_file(proc(pid, "status"));
    const auto mappings = read_file(proc(pid, "maps"));
    return {.resident = number(status, "VmRSS"),
            .anonymous = number(status, "RssAnon"),
            .descriptors = count_entries(proc(pid, "fd")),
            .mappings = std::count(mappings.begin(), mappings.end(), '\n')};
}

pid_t parent_of(pid_t pid) {
    return static_cast<pid_t>(number(read_file(proc(pid, "status")), "PPid"));
}

std::string growth(const Course& course) {
    // The first quarter is the warm-up. Medians, because a store that stands
    // still makes handshakes pile up for a moment. Only anonymous memory,
    // because a worker touches more and more pages of nginx's shared cache and
    // of its libraries, which it does not own.
    const auto quarter = std::ssize(course) / 4;
    if (quarter == 0) {
        return "too short a run";
    }
    const auto before =
        median(course.begin() + quarter, course.begin() + 2 * quarter);
    const auto after = median(course.end() - quarter, course.end());
    const auto allowed = before * allowed_percent / 100 + allowed_constant;
    if (after - before <= allowed) {
        return "";
    }
    return "from " + std::to_string(before) + " to " + std::to_string(after) +
           " KiB, where " + std::to_string(allowed) + " more are allowed";
}

}  // namespace soak
