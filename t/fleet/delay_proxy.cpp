#include "fleet/delay_proxy.hpp"

#include "fleet/requests.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <system_error>
#include <utility>

namespace fleet {

using namespace support;

namespace {

bool is_due(Clock::time_point due) {
    return due <= Clock::now();
}

// Empty if the server refuses.
UniqueFd connect_to_server(const Address& server) {
    try {
        const Socket socket(server);
        return UniqueFd(fcntl(socket.fd(), F_DUPFD_CLOEXEC, 0));
    } catch (const std::system_error&) {
        return {};
    }
}

}  // namespace

DelayProxy::DelayProxy(Address server)
    : server_(std::move(server)), listener_(listen_at(address_)),
      wake_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      thread_([this] { run(); }) {}

DelayProxy::~DelayProxy() {
    stopping_ = true;
    eventfd_write(wake_.get(), 1);
    thread_.join();
}

void DelayProxy::run() {
    for (;;) {
        auto entries = interests();
        poll(entries.data(), entries.size(), timeout());
        if (stopping_) {
            return;
        }
        auto entry = entries.begin() + 2;
        for (auto& link : links_) {
            if ((entry++)->revents != 0) {
                take_requests(link);
            }
            if ((entry++)->revents != 0) {
                auto& way = link.to_client;
                take(link, way, receive_some(way.from.get()));
            }
            send_due(link, link.to_server, link.to_client.from);
            send_due(link, link.to_client, link.to_server.from);
        }
        links_.remove_if([](const Link& link) { return link.over; });
        if (entries[0].revents != 0) {
            accept();
        }
    }
}

// If the other end accepts nothing, which is rare, tries again after a
// millisecond.
int DelayProxy::timeout() const {
    int least = -1;
    for (const auto& link : links_) {
        for (const auto* way : {&link.to_server, &link.to_client}) {
            if (!way->pieces.empty()) {
                const int left =
                    std::max(1, poll_timeout(way->pieces.front().due));
                least = least < 0 ? left : std::min(least, left);
            }
        }
    }
    return least;
}

std::vector<pollfd> DelayProxy::interests() const {
    std::vector<pollfd> entries{{listener_.get(), POLLIN, 0},
                                {wake_.get(), POLLIN, 0}};
    for (const auto& link : links_) {
        entries.push_back({link.to_server.from.get(), POLLIN, 0});
        entries.push_back({link.to_client.from.get(), POLLIN, 0});
    }
    return entries;
}

void DelayProxy::accept() {
    UniqueFd client = accept_from(listener_);
    UniqueFd server = connect_to_server(server_);
    if (client.get() >= 0 && server.get() >= 0) {
        Link& link = links_.emplace_back();
        link.to_server.from = std::move(client);
        link.to_client.from = std::move(server);
    }
}

void DelayProxy::take_requests(Link& link) {
    auto bytes = receive_some(link.to_server.from.get());
    requests_ += count_requests(bytes);
    take(link, link.to_server, std::move(bytes));
}

void DelayProxy::take(Link& link, Way& way, std::string bytes) const {
    link.over |= bytes.empty();
    way.pieces.push_back(
        {Clock::now() + Milliseconds{delay_}, std::move(bytes)});
}

void DelayProxy::send_due(Link& link, Way& way, const UniqueFd& to) {
    while (!link.over && !way.pieces.empty() &&
           is_due(way.pieces.front().due)) {
        auto& bytes = way.pieces.front().bytes;
        const auto sent =
            send(to.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent < 0) {
            link.over = errno != EAGAIN;
            return;
        }
        bytes.erase(0, static_cast<std::size_t>(sent));
        if (bytes.empty()) {
            way.pieces.pop_front();
        }
    }
}

}  // namespace fleet
