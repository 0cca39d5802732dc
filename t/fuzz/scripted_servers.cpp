#include "fuzz/scripted_servers.hpp"

#include "support/redis_words.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <netinet/in.h>
#include <stdexcept>
#include <sys/socket.h>

namespace {

// Listens on a port that the kernel chooses.
support::UniqueFd listen_anywhere(support::Address& address) {
    support::UniqueFd listener(
        socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* generic = reinterpret_cast<sockaddr*>(&in);
    socklen_t length = sizeof in;
    if (bind(listener.get(), generic, length) != 0 ||
        getsockname(listener.get(), generic, &length) != 0 ||
        listen(listener.get(), 128) != 0) {
        throw std::runtime_error("cannot listen");
    }
    address = {.port = ntohs(in.sin_port)};
    return listener;
}

}  // namespace

ScriptedServers::ScriptedServers(std::size_t count) : servers_(count) {
    for (auto& server : servers_) {
        server.listener = listen_anywhere(server.address);
    }
}

void ScriptedServers::turn(Input& script) {
    accept_all();
    if (dead_) {
        hang_up();
    }
    for (auto& connection : connections_) {
        serve(connection, script);
        send_some(connection);
    }
    connections_.remove_if([](const auto& one) { return one.closes; });
}

void ScriptedServers::heal() {
    healthy_ = true;
    dead_ = false;
    hang_up();
}

void ScriptedServers::die() {
    dead_ = true;
    hang_up();
}

void ScriptedServers::hang_up() {
    connections_.clear();
}

void ScriptedServers::accept_all() {
    for (std::size_t i = 0; i < servers_.size(); ++i) {
        for (;;) {
            support::UniqueFd fd(accept4(servers_[i].listener.get(), nullptr,
                                         nullptr,
                                         SOCK_NONBLOCK | SOCK_CLOEXEC));
            if (fd.get() < 0) {
                break;
            }
            connections_.push_back({.server = i, .fd = std::move(fd)});
        }
    }
}

void ScriptedServers::serve(Connection& connection, Input& script) {
    std::array<char, 4096> buffer;
    const auto n = recv(connection.fd.get(), buffer.data(), buffer.size(), 0);
    if (n == 0) {
        connection.closes = true;
        return;
    }
    if (n > 0) {
        connection.received.append(buffer.data(), static_cast<std::size_t>(n));
    }

    std::string_view asked = connection.received;
    while (const auto words = support::take_words(asked)) {
        connection.owed += answer(connection, *words, script);
    }
    connection.received.erase(0, connection.received.size() - asked.size());
}

// Sends all of it or, on a slow connection, half of what is left.
void ScriptedServers::send_some(Connection& connection) {
    auto& owed = connection.owed;
    const auto most = connection.slow ? (owed.size() + 1) / 2 : owed.size();
    if (most != 0) {
        const auto n =
            send(connection.fd.get(), owed.data(), most, MSG_NOSIGNAL);
        owed.erase(0, n > 0 ? static_cast<std::size_t>(n) : 0);
    }
}

std::string ScriptedServers::bulk(std::string_view text) {
    return "$" + std::to_string(text.size()) + "\r\n" + std::string(text) +
           "\r\n";
}

std::string ScriptedServers::number(std::size_t n) {
    return ":" + std::to_string(n) + "\r\n";
}
