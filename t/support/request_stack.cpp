#include "support/request_stack.hpp"

#include "support/eventually.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sstream>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace support {

namespace fs = std::filesystem;

namespace {

// A byte that no log line contains.
constexpr char filling = '\0';

bool is_main_stack(pid_t pid, unsigned long address) {
    std::istringstream maps(
        read_file("/proc/" + std::to_string(pid) + "/maps"));
    for (std::string line; std::getline(maps, line);) {
        if (line.ends_with("[stack]")) {
            char* rest = nullptr;
            const auto begin = std::strtoul(line.c_str(), &rest, 16);
            const auto end = std::strtoul(rest + 1, nullptr, 16);
            return begin <= address && address < end;
        }
    }
    return false;
}

}  // namespace

RequestStack::RequestStack() : log_((dir_.path() / "log").string()) {
    REQUIRE(mkfifo(log_.c_str(), 0666) == 0);
    // nginx could not open it without a reader.
    pipe_ = UniqueFd(open(log_.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
    REQUIRE(pipe_.get() != -1);
    fill();
}

bool RequestStack::is_own(pid_t worker) {
    unsigned long stack_pointer = 0;
    REQUIRE(eventually([&] { return stopped(worker, stack_pointer); }));
    const bool own = is_main_stack(worker, stack_pointer);
    // The worker goes on only when there is room for its line.
    REQUIRE(eventually([&] { return drain(); }));
    fill();
    return own;
}

// Its system call: see syscall in proc(5).
bool RequestStack::stopped(pid_t worker, unsigned long& stack_pointer) const {
    const auto proc = fs::path("/proc") / std::to_string(worker);
    std::istringstream text(read_file(proc / "syscall"));
    long number = -1;
    std::string fd, other, sp;
    if (!(text >> number >> fd) || number != SYS_write) {
        return false;
    }
    for (int i = 0; i < 5; ++i) {
        text >> other;
    }
    text >> sp;
    stack_pointer = std::stoul(sp, nullptr, 16);

    std::error_code gone;
    const auto file = fs::read_symlink(
        proc / "fd" / std::to_string(std::stoul(fd, nullptr, 16)), gone);
    return file == log_;
}

void RequestStack::fill() {
    const std::string page(4096, filling);
    while (write(pipe_.get(), page.data(), page.size()) > 0) {
    }
}

bool RequestStack::drain() {
    bool found = false;
    char page[4096];
    ssize_t n = 0;
    while ((n = read(pipe_.get(), page, sizeof page)) > 0) {
        found = found || std::any_of(page, page + n,
                                     [](char c) { return c != filling; });
    }
    return found;
}

}  // namespace support
