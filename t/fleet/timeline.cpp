#include "fleet/timeline.hpp"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <limits>
#include <thread>

namespace fleet {

using std::chrono::duration;
using support::Clock;

namespace {

constexpr std::size_t failures_kept = 20;

}  // namespace

Percentiles percentiles(std::vector<std::uint32_t> values) {
    if (values.empty()) {
        return {};
    }
    std::sort(values.begin(), values.end());
    return {values[values.size() / 2], values[values.size() * 99 / 100]};
}

double Timeline::now() const {
    return duration<double>(Clock::now() - start_).count();
}

void Timeline::wait_until(double second) const {
    std::this_thread::sleep_until(
        start_ +
        std::chrono::duration_cast<Clock::duration>(duration<double>(second)));
}

Second& Timeline::present() {
    return at(static_cast<std::size_t>(now()));
}

Second& Timeline::at(std::size_t index) {
    if (seconds_.size() <= index) {
        seconds_.resize(index + 1);
    }
    return seconds_[index];
}

void Timeline::add(const Visit& visit) {
    const std::lock_guard lock(mutex_);
    auto& second = present();
    ++(visit.resumed   ? second.resumed
       : visit.offered ? second.lost
                       : second.fresh);
    second.waits_us.push_back(visit.waited_us);
    second.handshakes_us.push_back(visit.took_us);
}

void Timeline::add_failure(const std::string& what) {
    const std::lock_guard lock(mutex_);
    ++present().failed;
    if (failures_.size() < failures_kept) {
        char time[32];
        std::snprintf(time, sizeof time, "%.1f s: ", now());
        failures_.push_back(time + what);
    }
}

void Timeline::add_requests(std::size_t second, std::uint64_t count) {
    const std::lock_guard lock(mutex_);
    at(second).requests += count;
}

std::size_t Timeline::begin_event(const std::string& name) {
    const std::lock_guard lock(mutex_);
    const double at = now();
    marks_.push_back({name, at, std::numeric_limits<double>::max()});
    return marks_.size() - 1;
}

void Timeline::end_event(std::size_t index) {
    const std::lock_guard lock(mutex_);
    marks_[index].end = now();
}

Second Timeline::second(std::size_t index) const {
    const std::lock_guard lock(mutex_);
    return index < seconds_.size() ? seconds_[index] : Second{};
}

std::size_t Timeline::size() const {
    const std::lock_guard lock(mutex_);
    return seconds_.size();
}

std::vector<Mark> Timeline::marks() const {
    const std::lock_guard lock(mutex_);
    return marks_;
}

std::string Timeline::events_in(std::size_t index) const {
    const auto second = static_cast<double>(index);
    std::string names;
    for (const auto& mark : marks()) {
        if (mark.begin < second + 1 && mark.end >= second) {
            names += (names.empty() ? "" : " ") + mark.name;
        }
    }
    return names;
}

Second Timeline::sum(std::size_t begin, std::size_t end) const {
    const std::lock_guard lock(mutex_);
    Second sum;
    for (auto i = begin; i < std::min(end, seconds_.size()); ++i) {
        sum.fresh += seconds_[i].fresh;
        sum.lost += seconds_[i].lost;
        sum.resumed += seconds_[i].resumed;
        sum.failed += seconds_[i].failed;
        sum.requests += seconds_[i].requests;
    }
    return sum;
}

double Timeline::rate(std::size_t begin, std::size_t end) const {
    const auto all = sum(begin, end);
    return all.returned() == 0
               ? 1
               : static_cast<double>(all.resumed) / all.returned();
}

std::string Timeline::failures() const {
    const std::lock_guard lock(mutex_);
    std::string text;
    for (const auto& failure : failures_) {
        text += failure + "\n";
    }
    return text;
}

std::string line_of(const Timeline& timeline, std::size_t index) {
    const auto second = timeline.second(index);
    const auto waits = percentiles(second.waits_us);
    char line[200];
    std::snprintf(line, sizeof line,
                  "%4zu s %5u new %5u full %5u resumed %3u failed %6.1f %% "
                  "%7.1f %7.1f ms %6llu  ",
                  index, second.fresh, second.lost, second.resumed,
                  second.failed, 100 * timeline.rate(index, index + 1),
                  waits.p50 / 1000.0, waits.p99 / 1000.0,
                  static_cast<unsigned long long>(second.requests));
    return line + timeline.events_in(index);
}

void write_csv(const Timeline& timeline, const std::filesystem::path& file) {
    std::ofstream out(file);
    out << "second,new,full,resumed,failed,wait_p50_us,wait_p99_us,"
           "handshake_p50_us,handshake_p99_us,store_requests,events\n";
    for (std::size_t i = 0; i < timeline.size(); ++i) {
        const auto second = timeline.second(i);
        const auto waits = percentiles(second.waits_us);
        const auto handshakes = percentiles(second.handshakes_us);
        out << i << ',' << second.fresh << ',' << second.lost << ','
            << second.resumed << ',' << second.failed << ',' << waits.p50 << ','
            << waits.p99 << ',' << handshakes.p50 << ',' << handshakes.p99
            << ',' << second.requests << ',' << timeline.events_in(i) << '\n';
    }
}

}  // namespace fleet
