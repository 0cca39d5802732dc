#include "debug/tell/terminal.hpp"
#include "debug/tell/format.hpp"

#include <cstdio>

namespace debug {

namespace {

constexpr std::string_view bold = "1";
constexpr std::string_view dim = "2";
constexpr std::string_view red = "31";
constexpr std::string_view green = "32";
constexpr std::string_view yellow = "33";
constexpr std::string_view cyan = "36";

std::string offset(Microseconds at) {
    char text[32];
    std::snprintf(text, sizeof(text), "  %+9.3f ms  ",
                  static_cast<double>(at.count()) / 1000);
    return text;
}

}  // namespace

std::string Terminal::paint(std::string_view colour,
                            const std::string& text) const {
    if (!colours_) {
        return text;
    }
    return "\033[" + std::string(colour) + 'm' + text + "\033[0m";
}

std::string Terminal::paint_status(const std::string& status) const {
    switch (quality_of(status)) {
    case Quality::good:
        return paint(green, status);
    case Quality::fair:
        return paint(yellow, status);
    case Quality::bad:
        break;
    }
    return paint(red, status);
}

void Terminal::tell(const Story& story) {
    if (std::string day = date(story.begin); day != day_) {
        day_ = std::move(day);
        out_ << paint(bold, day_) << "\n\n";
    }
    out_ << time_of_day(story) << ' ' << paint(bold, title(story)) << "  "
         << name_of(story.end) << ", " << paint_status(story.status) << '\n';
    for (const Event& event : story.events) {
        tell_event(story, event);
    }
    if (story.in_log) {
        out_ << paint(dim, "    status by the " +
                               std::string(name_of(story.status_source)))
             << '\n';
    }
    for (const std::string& note : story.notes) {
        out_ << paint(dim, "    note: " + note) << '\n';
    }
    out_ << '\n';
    flush(out_);
}

void Terminal::tell_event(const Story& story, const Event& event) {
    std::string text = event.text;

    if (event.kind == "server_hello") {
        std::string times = durations(story);
        text += times.empty() ? "" : "             " + times;
        text = paint(story.end == End::resumed ? green : yellow, text);
    } else if (event.kind.starts_with("store_")) {
        text = paint(cyan, text);
    } else if (event.kind == "broken_off") {
        text = paint(red, text);
    }
    out_ << paint(dim, offset(event.at));
    if (story.in_log) {
        out_ << paint(dim, event.source == Source::wire ? "wire  " : "log   ");
    }
    out_ << text << '\n';
}

void Terminal::row(std::string_view name, const Percentiles& times) {
    if (times.count() == 0) {
        return;
    }
    char text[160];
    std::snprintf(
        text, sizeof(text), "  %-12.*s p50 %s   p90 %s   p99 %s   max %s\n",
        static_cast<int>(name.size()), name.data(),
        milliseconds(times.at(50)).c_str(), milliseconds(times.at(90)).c_str(),
        milliseconds(times.at(99)).c_str(), milliseconds(times.max()).c_str());
    out_ << text;
}

void Terminal::list(std::string_view title,
                    const std::vector<std::string>& lines) {
    if (lines.empty()) {
        return;
    }
    out_ << paint(bold, std::string(title)) << '\n';
    for (const std::string& line : lines) {
        out_ << "  " << line << '\n';
    }
}

void Terminal::conclude(const Summary& summary) {
    out_ << paint(bold, "Summary") << "\n  "
         << counted(summary.handshakes(), "handshake") << ": "
         << summary.ended(End::resumed) << " resumed, "
         << summary.ended(End::full) << " full, "
         << summary.ended(End::broken_off) << " broken off, "
         << summary.ended(End::unknown) << " unknown\n ";
    for (const auto& [status, count] : summary.statuses()) {
        out_ << ' ' << paint_status(status) << ' ' << count << "  ";
    }
    out_ << '\n';
    for (const std::string& line : summary.store_lines()) {
        out_ << "  " << line << '\n';
    }
    row("lookup", summary.lookup());
    row("handshake", summary.handshake());

    std::vector<std::string> slowest;
    for (const Summary::Slow& slow : summary.slowest()) {
        slowest.push_back(milliseconds(slow.waited) + "  " + slow.time_of_day +
                          ' ' + slow.title + "  " + slow.status);
    }
    list("Waited longest for the store", slowest);
    list("Hints", summary.hints());
    list("What is not known", summary.reservations());
    flush(out_);
}

}  // namespace debug
