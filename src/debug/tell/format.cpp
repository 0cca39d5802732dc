#include "debug/tell/format.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <stdexcept>

namespace debug {

namespace {

/* Only the first few of many offers are shown. */
constexpr std::size_t shown_offers = 3;

struct Parts {
    std::tm whole{};
    long fraction; /* microseconds */

    Parts(Time time, decltype(gmtime_r)& convert) {
        auto seconds = std::chrono::floor<std::chrono::seconds>(time);
        std::time_t since = seconds.time_since_epoch().count();
        convert(&since, &whole);
        fraction = static_cast<long>((time - seconds).count());
    }

    /* strftime(3). */
    std::string text(const char* format) const {
        char text[32];
        std::strftime(text, sizeof(text), format, &whole);
        return text;
    }

    std::string point() const {
        char text[16];
        std::snprintf(text, sizeof(text), ".%06ld", fraction);
        return text;
    }
};

}  // namespace

std::string counted(std::uint64_t count, std::string_view one,
                    std::string_view many) {
    std::string shown = std::to_string(count) + ' ';
    if (count == 1) {
        return shown + std::string(one);
    }
    return shown + (many.empty() ? std::string(one) + 's' : std::string(many));
}

std::string milliseconds(Microseconds time) {
    char text[32];
    std::snprintf(text, sizeof(text), "%.3f ms",
                  static_cast<double>(time.count()) / 1000);
    return text;
}

std::string timestamp(Time time) {
    Parts utc(time, gmtime_r);
    return utc.text("%Y-%m-%dT%H:%M:%S") + utc.point() + 'Z';
}

std::string date(Time time) {
    return Parts(time, localtime_r).text("%Y-%m-%d");
}

std::string time_of_day(const Story& story) {
    Parts local(story.begin, localtime_r);
    return local.text("%H:%M:%S") + (story.on_wire ? local.point() : "");
}

Quality quality_of(std::string_view status) noexcept {
    constexpr std::string_view good[]{"HIT", "LOCAL", "HIT or LOCAL", "TICKET"};
    if (std::find(std::begin(good), std::end(good), status) != std::end(good)) {
        return Quality::good;
    }
    return status == "MISS" || status == "-" ? Quality::fair : Quality::bad;
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
