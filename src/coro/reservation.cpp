#include "coro/reservation.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <limits>
#include <string_view>
#include <sys/resource.h>
#include <unistd.h>

namespace coro {

namespace {

constexpr std::size_t unlimited = std::numeric_limits<std::size_t>::max();

/* Stacks take one of this many parts, and leave the others. */
constexpr std::size_t parts = 4;

/* The head of a small kernel file. Empty if it cannot be read. */
class ProcFile {
  public:
    explicit ProcFile(const char* path) noexcept {
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd == -1) {
            return;
        }
        ssize_t n = read(fd, text_.data(), text_.size() - 1);
        close(fd);
        text_[n > 0 ? static_cast<std::size_t>(n) : 0] = '\0';
    }

    /* The n-th number, counted from 0. 0 if there are fewer. */
    std::size_t number(std::size_t n) const noexcept {
        const char* at = text_.data();
        char* end = nullptr;
        std::size_t value = 0;

        for (std::size_t i = 0; i <= n; ++i, at = end) {
            value = std::strtoull(at, &end, 10);
        }
        return value;
    }

    /* The number after `name`, converted from kB to bytes. 0 if it is
     * missing. */
    std::size_t bytes(const char* name) const noexcept {
        const char* at = std::strstr(text_.data(), name);
        return at != nullptr
                   ? std::strtoull(at + std::strlen(name), nullptr, 10) * 1024
                   : 0;
    }

  private:
    std::array<char, 4096> text_{};
};

std::size_t less(std::size_t limit, std::size_t used) noexcept {
    return limit - std::min(limit, used);
}

/* What a limit of this process leaves, if `pages` count. */
std::size_t left(decltype(RLIMIT_AS) resource, std::size_t pages) noexcept {
    rlimit limit{};

    if (getrlimit(resource, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) {
        return unlimited;
    }
    return less(limit.rlim_cur,
                pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE)));
}

std::size_t left_to_process() noexcept {
    ProcFile statm("/proc/self/statm"); /* proc(5): size ... data dirty */
    return std::min(left(RLIMIT_AS, statm.number(0)),
                    left(RLIMIT_DATA, statm.number(5)));
}

/* What the machine has left for all of its processes. */
std::size_t left_to_all() noexcept {
    constexpr std::size_t never_overcommit = 2;

    if (ProcFile("/proc/sys/vm/overcommit_memory").number(0) !=
        never_overcommit) {
        return unlimited;
    }

    ProcFile meminfo("/proc/meminfo");
    return less(meminfo.bytes("CommitLimit:"), meminfo.bytes("Committed_AS:"));
}

/* One part of what was left before anything was reserved. */
std::size_t part(std::size_t left, std::size_t reserved) noexcept {
    return left == unlimited ? unlimited : (left + reserved) / parts;
}

}  // namespace

std::size_t reservable(std::size_t reserved, std::size_t processes) noexcept {
    std::size_t own = part(left_to_process(), reserved);
    std::size_t all = part(left_to_all(), reserved * processes);

    return std::min(own, all == unlimited ? unlimited : all / processes);
}

}  // namespace coro
