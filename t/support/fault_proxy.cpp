#include "support/fault_proxy.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <cstdlib>
#include <netinet/tcp.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace support {

namespace {

[[noreturn]] void fail(const char* what) {
    throw std::system_error(errno, std::generic_category(), what);
}

// On a loopback port that the kernel chooses.
UniqueFd listen_at(Address& address) {
    UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof in;
    auto* any = reinterpret_cast<sockaddr*>(&in);
    if (bind(fd.get(), any, length) != 0 ||
        getsockname(fd.get(), any, &length) != 0 || listen(fd.get(), 128) < 0) {
        fail("listen");
    }
    address.port = ntohs(in.sin_port);
    return fd;
}

// Nothing when nobody is there.
UniqueFd connect_to(const std::string& path) {
    UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    const auto* where = reinterpret_cast<sockaddr*>(&address);
    return connect(fd.get(), where, sizeof address) == 0 ? std::move(fd)
                                                         : UniqueFd();
}

// What is there to read; nothing at the end, or on an error.
std::string receive(int fd) {
    std::string bytes(65536, '\0');
    const auto n = recv(fd, bytes.data(), bytes.size(), 0);
    bytes.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return bytes;
}

void reset(UniqueFd& fd) {
    const linger now{1, 0};
    setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
    fd.reset();
}

}  // namespace

std::size_t reply_length(std::string_view bytes) {
    std::size_t begin = 0;
    for (;;) {
        auto end = bytes.find("\r\n", begin);
        if (end == bytes.npos) {
            return 0;
        }
        const std::string line(bytes.substr(begin, end - begin));
        end += 2;
        const bool bulk = line.starts_with('$') && line != "$-1";
        const bool value = line.starts_with("VALUE ");
        if (bulk || value) {
            const auto at = bulk ? 1 : line.rfind(' ') + 1;
            end += std::strtoul(line.c_str() + at, nullptr, 10) + 2;
        }
        if (end > bytes.size()) {
            return 0;
        }
        if (!value) {  // more values may follow one, and END does
            return end;
        }
        begin = end;
    }
}

bool is_value(std::string_view reply) {
    return reply.starts_with('$') || reply.starts_with("VALUE ");
}

FaultProxy::FaultProxy(std::string store)
    : store_(std::move(store)), listener_(listen_at(address_)),
      wake_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      thread_([this] { run(); }) {}

FaultProxy::~FaultProxy() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    eventfd_write(wake_.get(), 1);
    thread_.join();
}

void FaultProxy::set(Fault fault) {
    const std::lock_guard lock(mutex_);
    fault_ = std::move(fault);
}

void FaultProxy::say(const std::string& bytes) {
    {
        const std::lock_guard lock(mutex_);
        unsolicited_ += bytes;
    }
    eventfd_write(wake_.get(), 1);
}

void FaultProxy::run() {
    for (;;) {
        auto entries = interests();
        poll(entries.data(), entries.size(), timeout());

        std::unique_lock lock(mutex_);
        if (stopping_) {
            return;
        }
        const Fault fault = fault_;
        say_unsolicited();
        lock.unlock();

        auto entry = entries.begin() + 2;
        for (auto& link : links_) {
            serve(link, entry[0].revents, entry[1].revents, fault);
            entry += 2;
        }
        links_.remove_if([](const Link& link) { return link.over; });
        if (entries[0].revents != 0) {
            accept();
        }
    }
}

std::vector<pollfd> FaultProxy::interests() const {
    std::vector<pollfd> entries{{listener_.get(), POLLIN, 0},
                                {wake_.get(), POLLIN, 0}};
    const auto now = Clock::now();
    for (const auto& link : links_) {
        for (const auto* way : {&link.store, &link.client}) {
            const int events = POLLIN | (way->due(now) ? POLLOUT : 0);
            entries.push_back({way->to.get(), static_cast<short>(events), 0});
        }
    }
    return entries;
}

int FaultProxy::timeout() const {
    int least = -1;
    for (const auto& link : links_) {
        for (const auto* way : {&link.store, &link.client}) {
            if (!way->pieces.empty() && !way->due(Clock::now())) {
                const int left = poll_timeout(way->pieces.front().due);
                least = least < 0 ? left : std::min(least, left);
            }
        }
    }
    return least;
}

void FaultProxy::accept() {
    UniqueFd client(accept4(listener_.get(), nullptr, nullptr,
                            SOCK_NONBLOCK | SOCK_CLOEXEC));
    UniqueFd store = connect_to(store_);
    if (client.get() < 0 || store.get() < 0) {
        return;
    }
    const int on = 1;
    setsockopt(client.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    Link& link = links_.emplace_back();
    link.store.to = std::move(store);
    link.client.to = std::move(client);
}

void FaultProxy::serve(Link& link, short store, short client,
                       const Fault& fault) {
    constexpr short readable = POLLIN | POLLHUP | POLLERR;
    if ((client & readable) != 0) {
        take_request(link, fault);
    }
    if ((store & readable) != 0 && !link.over) {
        take_replies(link, fault);
    }
    if ((store & POLLOUT) != 0 && !link.over) {
        link.over = !send_piece(link.store);
    }
    if ((client & POLLOUT) != 0 && !link.over) {
        link.over = !send_piece(link.client);
    }
}

void FaultProxy::take_request(Link& link, const Fault& fault) {
    auto bytes = receive(link.client.to.get());
    link.over = bytes.empty();
    if (!fault.silent) {
        link.store.pieces.push_back(
            {Clock::now() + fault.delay, std::move(bytes)});
    }
}

void FaultProxy::take_replies(Link& link, const Fault& fault) {
    const auto bytes = receive(link.store.to.get());
    const auto due = Clock::now() + fault.delay;
    link.over = bytes.empty();
    link.replies += bytes;
    while (const auto length = reply_length(link.replies)) {
        auto reply = link.replies.substr(0, length);
        link.replies.erase(0, length);
        if (fault.edit) {
            reply = fault.edit(reply);
        }
        for (const char byte : fault.trickle ? reply : "") {
            link.client.pieces.push_back({due, std::string(1, byte)});
        }
        if (!fault.trickle && !fault.silent) {
            link.client.pieces.push_back({due, reply, fault.then});
        }
    }
}

// One a turn, so that a trickle does not come as one segment. Whether the
// connection goes on.
bool FaultProxy::send_piece(Way& way) {
    auto& piece = way.pieces.front();
    const auto sent = send(way.to.get(), piece.bytes.data(), piece.bytes.size(),
                           MSG_NOSIGNAL);
    if (sent < 0) {
        return errno == EAGAIN;
    }
    piece.bytes.erase(0, static_cast<std::size_t>(sent));
    if (!piece.bytes.empty()) {
        return true;
    }
    const auto then = piece.then;
    way.pieces.pop_front();
    if (then == Then::resets) {
        reset(way.to);
    }
    return then == Then::goes_on;
}

// With the mutex locked.
void FaultProxy::say_unsolicited() {
    eventfd_t ignored = 0;
    eventfd_read(wake_.get(), &ignored);
    for (auto& link : links_) {
        if (!unsolicited_.empty()) {
            link.client.pieces.push_back({Clock::now(), unsolicited_});
        }
    }
    unsolicited_.clear();
}

}  // namespace support
