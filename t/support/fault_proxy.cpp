#include "support/fault_proxy.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <utility>

namespace support {

namespace {

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
        if (!value) {  // more values may follow, and then END
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
    UniqueFd client = accept_from(listener_);
    UniqueFd store = connect_to(store_);
    if (client.get() < 0 || store.get() < 0) {
        return;
    }
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
    auto bytes = receive_some(link.client.to.get());
    link.over = bytes.empty();
    if (!fault.silent) {
        link.store.pieces.push_back(
            {Clock::now() + fault.delay, std::move(bytes)});
    }
}

void FaultProxy::take_replies(Link& link, const Fault& fault) {
    const auto bytes = receive_some(link.store.to.get());
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

// One each turn, so that a trickle does not arrive as one segment. Returns
// whether the connection goes on.
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
