#include "fleet/watch.hpp"

#include <algorithm>
#include <cstdio>

namespace fleet {

using namespace support;

namespace {

// A worker with a shorter life may still be warming up.
constexpr std::size_t least_samples = 20;

}  // namespace

Watch::Watch(Nodes& nodes, const Store& store, Timeline& timeline)
    : nodes_(nodes), store_(store), timeline_(timeline),
      requests_(store.requests()),
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
        look(second);
        std::puts(line_of(timeline_, second).c_str());
        std::fflush(stdout);
    }
}

void Watch::look(std::size_t second) {
    const auto requests = store_.requests();
    timeline_.add_requests(second, requests - requests_);
    requests_ = requests;
    std::map<pid_t, soak::Course> past;
    past.swap(courses_);
    nodes_.look([&](const Node& node) {
        for (const auto pid : node.nginx().workers()) {
            auto& course = courses_[pid] = std::move(past[pid]);
            course.push_back(soak::figures_of(pid));
        }
    });
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
