#include "support/wiretap.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <system_error>
#include <utility>
#include <vector>

namespace support {

Wiretap::Wiretap(const Address& server)
    : Wiretap([server] { return Socket(server); }) {}

Wiretap::Wiretap(const std::string& server)
    : Wiretap([server] { return Socket(connect_to(server)); }) {}

Wiretap::Wiretap(std::function<Socket()> connect)
    : connect_(std::move(connect)), listener_(listen_at(address_)),
      wake_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      thread_([this] { run(); }) {}

Wiretap::~Wiretap() {
    eventfd_write(wake_.get(), 1);
    thread_.join();
}

std::deque<Recording> Wiretap::recordings() const {
    const std::lock_guard lock(mutex_);
    return recordings_;
}

void Wiretap::run() {
    for (;;) {
        std::vector<pollfd> entries{{wake_.get(), POLLIN, 0},
                                    {listener_.get(), POLLIN, 0}};
        for (const auto& link : links_) {
            entries.push_back({link.server.fd(), POLLIN, 0});
            entries.push_back({link.client.fd(), POLLIN, 0});
        }
        poll(entries.data(), entries.size(), -1);
        if (entries[0].revents != 0) {
            return;
        }

        auto entry = entries.begin() + 2;
        for (auto& link : links_) {
            if ((entry++)->revents != 0) {
                pass(link, link.server, &Recording::to_client);
            }
            if ((entry++)->revents != 0) {
                pass(link, link.client, &Recording::to_server);
            }
        }
        links_.remove_if([](const Link& link) { return link.over; });
        if (entries[1].revents != 0) {
            accept();
        }
    }
}

// Hangs up if the server is not there.
void Wiretap::accept() {
    try {
        Socket client(accept_from(listener_));
        Socket server = connect_();
        const std::lock_guard lock(mutex_);
        links_.push_back(
            {std::move(client), std::move(server), recordings_.emplace_back()});
    } catch (const std::system_error&) {
        return;
    }
}

// Recorded first, because the receiver may look at the recording at once.
void Wiretap::pass(Link& link, Socket& from, std::string Recording::*way) {
    const auto bytes = receive_some(from.fd());
    {
        const std::lock_guard lock(mutex_);
        link.recording.*way += bytes;
    }
    try {
        (&from == &link.client ? link.server : link.client).write(bytes);
    } catch (const std::system_error&) {
        link.over = true;
    }
    link.over |= bytes.empty();
}

}  // namespace support
