#include "debug/tell/format.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <stdexcept>

namespace debug {

namespace {

/* Of many offers the first few are told. */
constexpr std::size_t shown_offers = 3;

}  // namespace

std::string milliseconds(Microseconds time) {
    char text[32];
    std::snprintf(text, sizeof(text), "%.3f ms",
                  static_cast<double>(time.count()) / 1000);
    return text;
}

std::string timestamp(Time time) {
    auto seconds = std::chrono::floor<std::chrono::seconds>(time);
    std::time_t whole = seconds.time_since_epoch().count();
    std::tm parts{};
    gmtime_r(&whole, &parts);

    char date[32];
    std::strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &parts);
    char text[48];
    std::snprintf(text, sizeof(text), "%s.%06ldZ", date,
                  static_cast<long>((time - seconds).count()));
    return text;
}

std::string title(const Story& story) {
    std::string shown =
        text(story.client) + " → :" + std::to_string(story.server.port);

    if (!story.protocol.empty()) {
        shown += "  " + story.protocol;
    }
    if (!story.server_name.empty()) {
        shown += "  SNI " + story.server_name;
    }
    if (!story.alpn.empty()) {
        shown += "  ALPN " + story.alpn;
    }
    for (std::size_t i = 0; i < story.offered.size(); ++i) {
        if (i == shown_offers) {
            shown += "  …";
            break;
        }
        const Offered& offered = story.offered[i];
        shown += "  " + std::string(name_of(offered.kind));
        if (!offered.shown.empty()) {
            shown += ' ' + offered.shown;
        }
    }
    return shown;
}

void flush(std::ostream& out) {
    out.flush();
    if (!out) {
        throw std::runtime_error("standard output: " +
                                 std::string(std::strerror(errno)));
    }
}

std::string durations(const Story& story) {
    std::string shown;
    if (story.lookup) {
        shown = "lookup " + milliseconds(*story.lookup);
    }
    if (story.handshake) {
        shown += std::string(shown.empty() ? "" : ", ") + "handshake " +
                 milliseconds(*story.handshake);
    }
    return shown;
}

}  // namespace debug
