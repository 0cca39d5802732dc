// A proxy that passes on every byte after a delay, like a store far away.
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <iterator>
#include <list>
#include <string>
#include <vector>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "arguments.hpp"

namespace {

using Clock = std::chrono::steady_clock;

constexpr const char* usage =
    "usage: delay_proxy --listen PORT --to PORT --delay MICROSECONDS\n"
    "Each direction takes MICROSECONDS.\n";

struct Chunk {
    Clock::time_point due;
    std::string bytes;
};

// One direction of a connection.
struct Pipe {
    int from;
    int to;
    std::deque<Chunk> chunks{};
    bool ended = false;
};

sockaddr_in loopback(uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

int tcp_socket() {
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    const int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

class Proxy {
  public:
    Proxy(uint16_t port, uint16_t to, std::chrono::microseconds delay)
        : listener_(tcp_socket()), to_(loopback(to)), delay_(delay) {
        const sockaddr_in address = loopback(port);
        if (bind(listener_, reinterpret_cast<const sockaddr*>(&address),
                 sizeof address) != 0 ||
            listen(listener_, 16) != 0) {
            std::perror("delay_proxy");
            std::exit(1);
        }
    }

    [[noreturn]] void run() {
        for (;;) {
            const std::vector<pollfd> ready = wait();
            size_t i = 1;
            for (Pipe& pipe : pipes_) {
                if (ready[i++].revents != 0)
                    read_from(pipe);
                write_due(pipe);
            }
            remove_ended();
            if (ready[0].revents != 0)
                accept_one();
        }
    }

  private:
    std::vector<pollfd> wait() const {
        std::vector<pollfd> sockets{{listener_, POLLIN, 0}};
        auto next = Clock::now() + std::chrono::seconds(1);
        for (const Pipe& pipe : pipes_) {
            sockets.push_back({pipe.from, POLLIN, 0});
            if (!pipe.chunks.empty())
                next = std::min(next, pipe.chunks.front().due);
        }
        const auto left =
            std::max(next - Clock::now(), Clock::duration::zero());
        const timespec timeout{.tv_sec = left / std::chrono::seconds(1),
                               .tv_nsec = left.count() % 1'000'000'000};
        ppoll(sockets.data(), sockets.size(), &timeout, nullptr);
        return sockets;
    }

    void accept_one() {
        const int client = accept(listener_, nullptr, nullptr);
        const int on = 1;
        setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        const int server = tcp_socket();
        if (connect(server, reinterpret_cast<const sockaddr*>(&to_),
                    sizeof to_) != 0) {
            close(client);
            close(server);
            return;
        }
        pipes_.push_back({.from = client, .to = server});
        pipes_.push_back({.from = server, .to = client});
    }

    void read_from(Pipe& pipe) const {
        std::string bytes(65536, '\0');
        const ssize_t n = recv(pipe.from, bytes.data(), bytes.size(), 0);
        pipe.ended = n <= 0;
        bytes.resize(std::max<ssize_t>(n, 0));
        if (n > 0)
            pipe.chunks.push_back({Clock::now() + delay_, std::move(bytes)});
    }

    static void write_due(Pipe& pipe) {
        while (!pipe.chunks.empty() &&
               pipe.chunks.front().due <= Clock::now()) {
            const std::string& bytes = pipe.chunks.front().bytes;
            send(pipe.to, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            pipe.chunks.pop_front();
        }
    }

    // Closes both directions: a store's client has no half-closed connection.
    void remove_ended() {
        for (auto pipe = pipes_.begin(); pipe != pipes_.end();) {
            const auto back = std::next(pipe);
            const auto after = std::next(back);
            if (pipe->ended || back->ended) {
                close(pipe->from);
                close(pipe->to);
                pipes_.erase(pipe, after);
            }
            pipe = after;
        }
    }

    int listener_;
    sockaddr_in to_;
    std::chrono::microseconds delay_;
    std::list<Pipe> pipes_;  // the two of a connection are adjacent
};

}  // namespace

int main(int argc, char** argv) {
    uint16_t port = 0;
    uint16_t to = 0;
    unsigned delay = 0;
    Arguments arguments(argc, argv, usage);
    while (arguments.next()) {
        if (arguments.is("--listen"))
            port = arguments.number<uint16_t>();
        else if (arguments.is("--to"))
            to = arguments.number<uint16_t>();
        else if (arguments.is("--delay"))
            delay = arguments.number<unsigned>();
        else
            arguments.refuse();
    }
    // by default timers may be late by 50 us
    prctl(PR_SET_TIMERSLACK, 1);
    Proxy(port, to, std::chrono::microseconds(delay)).run();
}
