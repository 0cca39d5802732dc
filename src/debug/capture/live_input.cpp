#include "debug/capture/live_input.hpp"

#include <cerrno>
#include <chrono>
#include <poll.h>
#include <system_error>
#include <unistd.h>

namespace debug {

namespace {

constexpr std::chrono::milliseconds turn{100};

}  // namespace

LiveInput::LiveInput(int fd, std::function<void(bool)> act)
    : fd_(fd), act_(std::move(act)) {}

std::FILE* LiveInput::open() {
    cookie_io_functions_t functions{};
    functions.read = read;
    std::FILE* stream = fopencookie(this, "r", functions);
    if (stream == nullptr) {
        throw std::system_error(errno, std::generic_category(), "fopencookie");
    }
    return stream;
}

long LiveInput::read(void* self, char* buffer, std::size_t size) {
    auto& input = *static_cast<LiveInput*>(self);

    for (;;) {
        pollfd wanted{input.fd_, POLLIN, 0};
        int ready = poll(&wanted, 1, static_cast<int>(turn.count()));
        auto now = std::chrono::steady_clock::now();
        if (ready <= 0 || now >= input.next_turn_) {
            input.next_turn_ = now + turn;
            input.act_(ready <= 0);
        }
        if (ready > 0) {
            ssize_t got = ::read(input.fd_, buffer, size);
            if (got >= 0 || errno != EINTR) {
                return got;
            }
        }
    }
}

}  // namespace debug
