#include "fleet/watch.hpp"

#include <algorithm>
#include <cstdio>
#include <numeric>

namespace fleet {

using namespace support;

namespace {

// Whoever lived for a shorter time cannot be told from one that warms up.
constexpr std::size_t least_samples = 20;

std::uint64_t sum(const nlohmann::json& counts) {
    return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0},
                           [](auto total, const auto& count) {
                               return total + count.template get<std::uint64_t>();
                           });
}

std::uint64_t requests_of(const nlohmann::json& figures) {
    std::uint64_t total = 0;
    for (const auto& server : figures["servers"]) {
        total += sum(server["fetches"]) + sum(server["sets"]) +
                 sum(server["deletes"]);
    }
    return total;
}

}  // namespace

Watch::Watch(Nodes& nodes, Timeline& timeline)
    : nodes_(nodes), timeline_(timeline),
      thread_([this](const std::stop_token& stopped) { run(stopped); }) {}

void Watch::stop() {
    if (thread_.joinable()) {
        thread_.request_stop();
        thread_.join();
    }
}

void Watch::run(const std::stop_token& stopped) {
    std::puts("                          (with a session)           "
              "resumed    waits p50, p99     requests");
    for (std::size_t second = 0; !stopped.stop_requested(); ++second) {
        timeline_.wait_until(static_cast<double>(second + 1));
        look();
        std::puts(line_of(timeline_, second).c_str());
        std::fflush(stdout);
    }
}

void Watch::look() {
    std::map<pid_t, soak::Course> past;
    past.swap(courses_);
    nodes_.look([&](const Node& node) {
        try {
            look_at(node);
        } catch (const std::exception& error) {
            timeline_.add_failure(std::string("figures: ") + error.what());
        }
        for (const auto pid : node.nginx().workers()) {
            auto& course = courses_[pid] = std::move(past[pid]);
            course.push_back(soak::figures_of(pid));
        }
    });
}

// What was counted goes when the node is restarted.
void Watch::look_at(const Node& node) {
    const auto now = requests_of(node.figures());
    auto& before = requests_[node.address().text()];
    timeline_.add_requests(now < before ? now : now - before);
    before = now;
}

std::string Watch::growth() const {
    std::string text;
    for (const auto& [pid, course] : courses_) {
        if (course.size() >= least_samples) {
            const auto said = soak::growth(course);
            text += said.empty()
                        ? ""
                        : "worker " + std::to_string(pid) + ": " + said + "\n";
        }
    }
    return text;
}

std::size_t Watch::measured() const {
    return static_cast<std::size_t>(
        std::count_if(courses_.begin(), courses_.end(), [](const auto& each) {
            return each.second.size() >= least_samples;
        }));
}

long most_descriptors(Nodes& nodes) {
    long most = 0;
    nodes.look([&](const Node& node) {
        for (const auto pid : node.nginx().workers()) {
            most = std::max(most, soak::figures_of(pid).descriptors);
        }
    });
    return most;
}

}  // namespace fleet
