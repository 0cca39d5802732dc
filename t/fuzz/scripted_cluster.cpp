#include "fuzz/scripted_cluster.hpp"

#include "backends/redis/slots.hpp"
#include "numbers/number.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <optional>
#include <stdexcept>
#include <sys/socket.h>

namespace {

using backends::redis::n_slots;

// A port that the kernel chooses.
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

// "*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n": its words, taken off; nothing: it is not
// there as a whole.
std::optional<std::vector<std::string_view>> take(std::string_view& bytes) {
    auto rest = bytes;
    const auto head = [&](char kind) -> std::optional<std::size_t> {
        const auto end = rest.find("\r\n");
        if (end == rest.npos || !rest.starts_with(kind)) {
            return std::nullopt;
        }
        const auto n = numbers::read<std::size_t>(rest.substr(1, end - 1));
        rest.remove_prefix(end + 2);
        return n;
    };

    const auto count = head('*');
    std::vector<std::string_view> words;
    while (count && words.size() < *count) {
        const auto length = head('$');
        if (!length || rest.size() < *length + 2) {
            return std::nullopt;
        }
        words.push_back(rest.substr(0, *length));
        rest.remove_prefix(*length + 2);
    }
    if (!count) {
        return std::nullopt;
    }
    bytes = rest;
    return words;
}

std::string bulk(std::string_view text) {
    return "$" + std::to_string(text.size()) + "\r\n" + std::string(text) +
           "\r\n";
}

std::string number(std::size_t n) {
    return ":" + std::to_string(n) + "\r\n";
}

}  // namespace

ScriptedCluster::ScriptedCluster() {
    for (auto& node : nodes_) {
        node.listener = listen_anywhere(node.address);
    }
}

void ScriptedCluster::turn(Input& script) {
    accept_all();
    for (auto& connection : connections_) {
        serve(connection, script);
    }
    connections_.remove_if([](const auto& one) { return one.closes; });
}

void ScriptedCluster::heal() {
    healthy_ = true;
    hang_up();
}

void ScriptedCluster::hang_up() {
    connections_.clear();
}

void ScriptedCluster::accept_all() {
    for (std::size_t i = 0; i < size; ++i) {
        for (;;) {
            support::UniqueFd fd(accept4(nodes_[i].listener.get(), nullptr,
                                         nullptr,
                                         SOCK_NONBLOCK | SOCK_CLOEXEC));
            if (fd.get() < 0) {
                break;
            }
            connections_.push_back({i, std::move(fd), {}});
        }
    }
}

void ScriptedCluster::serve(Connection& connection, Input& script) {
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
    std::string answers;
    while (const auto words = take(asked)) {
        answers += answer(connection, *words, script);
    }
    connection.received.erase(0, connection.received.size() - asked.size());
    if (!answers.empty()) {
        send(connection.fd.get(), answers.data(), answers.size(), MSG_NOSIGNAL);
    }
}

std::string ScriptedCluster::answer(Connection& connection, const Words& words,
                                    Input& script) const {
    const auto what = words.front();
    if (what == "HELLO") {
        return "-ERR\r\n";
    }
    if (what == "CLUSTER") {
        return topology(script);
    }
    if (what == "PING" || what == "ASKING") {
        return healthy_ || script.byte() % 16 != 15 ? "+OK\r\n" : "-ERR no\r\n";
    }
    if (!healthy_ && script.byte() % 2 == 1) {
        return refuse(connection, words, script);
    }
    if (what == "DEL") {
        return ":1\r\n";
    }
    return what == "GET" ? bulk("value") : "+OK\r\n";
}

std::string ScriptedCluster::refuse(Connection& connection, const Words& words,
                                    Input& script) const {
    switch (script.byte() % 8) {
    case 0:
    case 1:
    case 2:
        return redirect("MOVED", words.at(1), script);
    case 3:
        return redirect("ASK", words.at(1), script);
    case 4:
        return "-CLUSTERDOWN The cluster is down\r\n";
    case 5:
        return "-TRYAGAIN Multiple keys request\r\n";
    case 6:
        return "$-1\r\n";
    default:
        connection.closes = true;
        return "";
    }
}

// Two ranges, of any servers; or all slots are the last one's.
std::string ScriptedCluster::topology(Input& script) const {
    const auto range = [this](std::size_t from, std::size_t to, unsigned i) {
        return "*3\r\n" + number(from) + number(to) + "*2\r\n" + bulk(host(i)) +
               number(nodes_.at(i % size).address.port);
    };
    if (healthy_) {
        return "*1\r\n" + range(0, n_slots - 1, size - 1);
    }

    const auto split = script.number<std::uint16_t>() % (n_slots - 1);
    const unsigned whose = script.byte();
    switch (script.byte() % 8) {
    case 0:
        return "-ERR This instance has cluster support disabled\r\n";
    case 1:
        return "*0\r\n";
    case 2:
        return "*1\r\n" + range(split, n_slots - 1, whose);
    default:
        return "*2\r\n" + range(0, split, whose) +
               range(split + 1, n_slots - 1, whose / size);
    }
}

std::string ScriptedCluster::redirect(std::string_view kind,
                                      std::string_view key,
                                      Input& script) const {
    return "-" + std::string(kind) + " " +
           std::to_string(backends::redis::slot_of(key)) + " " +
           endpoint(script.byte()) + "\r\n";
}

// Some do not say the host, or say a name.
std::string ScriptedCluster::endpoint(unsigned i) const {
    return host(i) + ":" + std::to_string(nodes_.at(i % size).address.port);
}

std::string ScriptedCluster::host(unsigned i) const {
    if (i >= 200) {
        return "";
    }
    return i >= 100 ? "n" + std::to_string(i % 8)
                    : nodes_.at(i % size).address.host;
}
