#include "support/fake_cluster.hpp"

#include <algorithm>
#include <array>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <utility>

namespace support {

namespace {

void watch(const UniqueFd& epoll, int fd) {
    epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
    epoll_ctl(epoll.get(), EPOLL_CTL_ADD, fd, &event);
}

}  // namespace

FakeCluster::FakeCluster(std::size_t masters)
    : nodes_(masters), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    for (auto& node : nodes_) {
        node.listener = listen_at(node.address);
        watch(epoll_, node.listener.get());
    }
    thread_ = std::thread([this] { run(); });
}

FakeCluster::~FakeCluster() {
    stopping_ = true;
    thread_.join();
}

int FakeCluster::connected(std::size_t i) const {
    const std::lock_guard lock(mutex_);
    return nodes_[i].connected;
}

int FakeCluster::asked(std::size_t i, Clock::time_point begin) const {
    const std::lock_guard lock(mutex_);
    return static_cast<int>(
        std::ranges::count_if(nodes_[i].asked, [&](const auto at) {
            return at >= begin && at < begin + std::chrono::seconds(1);
        }));
}

void FakeCluster::run() {
    std::array<epoll_event, 256> events;
    while (!stopping_) {
        const int n = epoll_wait(epoll_.get(), events.data(),
                                 static_cast<int>(events.size()), 10);
        const std::lock_guard lock(mutex_);
        for (int i = 0; i < n; ++i) {
            const int fd = events.at(static_cast<std::size_t>(i)).data.fd;
            const auto found = connections_.find(fd);
            if (found != connections_.end() && !serve(found->second)) {
                connections_.erase(found);
            }
        }
        for (std::size_t i = 0; i < nodes_.size(); ++i) {
            accept_all(i);
        }
        if (const int i = kill_; i >= 0) {
            kill_now(static_cast<std::size_t>(i));
        }
    }
}

void FakeCluster::kill_now(std::size_t i) {
    nodes_[i].listener.reset();
    std::erase_if(connections_,
                  [&](const auto& entry) { return entry.second.node == i; });
    ever_killed_ = true;
    kill_ = -1;
}

void FakeCluster::accept_all(std::size_t i) {
    while (nodes_[i].listener.get() >= 0) {
        auto fd = accept_from(nodes_[i].listener);
        if (fd.get() < 0) {
            return;
        }
        watch(epoll_, fd.get());
        ++nodes_[i].connected;
        const int number = fd.get();
        connections_.emplace(number, Connection{i, std::move(fd), ""});
    }
}

bool FakeCluster::serve(Connection& connection) {
    const auto some = receive_some(connection.fd.get());
    connection.received += some;
    const auto answers = answer(connection);
    return !some.empty() &&
           send(connection.fd.get(), answers.data(), answers.size(),
                MSG_NOSIGNAL) == static_cast<ssize_t>(answers.size());
}

// Only the beginning of each command and the end of its last word matter.
std::string FakeCluster::answer(Connection& connection) {
    static const std::vector<std::pair<std::string, std::string>> known{
        {"*2\r\n$5\r\nHELLO\r\n$1\r\n2\r\n", "-ERR unknown\r\n"},
        {"*1\r\n$4\r\nPING\r\n", "+PONG\r\n"},
        {"*2\r\n$7\r\nCLUSTER\r\n$5\r\nSLOTS\r\n", ""}};
    std::string answers;
    for (bool more = true; more;) {
        more = false;
        for (const auto& [question, answer] : known) {
            if (!connection.received.starts_with(question)) {
                continue;
            }
            connection.received.erase(0, question.size());
            answers += answer.empty() ? topology() : answer;
            if (answer.empty()) {
                nodes_[connection.node].asked.push_back(Clock::now());
            }
            more = true;
        }
    }
    return answers;
}

std::string FakeCluster::topology() const {
    const auto n = nodes_.size();
    std::string text = "*" + std::to_string(n) + "\r\n";
    for (std::size_t i = 0; i < n; ++i) {
        const auto& [host, port] = nodes_[i].address;
        text += "*3\r\n:" + std::to_string(16384 * i / n) +
                "\r\n:" + std::to_string(16384 * (i + 1) / n - 1) +
                "\r\n*2\r\n$" + std::to_string(host.size()) + "\r\n" + host +
                "\r\n:" + std::to_string(port) + "\r\n";
    }
    return text;
}

}  // namespace support
