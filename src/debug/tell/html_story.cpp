#include "debug/tell/html_story.hpp"
#include "debug/tell/format.hpp"

#include <algorithm>
#include <sstream>

namespace debug {

namespace {

std::string_view class_of(std::string_view status) {
    switch (quality_of(status)) {
    case Quality::good:
        return "good";
    case Quality::fair:
        return "fair";
    case Quality::bad:
        break;
    }
    return "bad";
}

std::string_view class_of(const Event& event) {
    if (event.kind.starts_with("store_")) {
        return "store";
    }
    return event.kind == "broken_off" ? "broken" : "event";
}

/* Positions in the picture, whose width is 1000. */
class Scale {
  public:
    explicit Scale(const Story& story) {
        for (const Event& event : story.events) {
            first_ = std::min(first_, event.at);
            last_ = std::max(last_, event.at);
        }
    }

    double at(Microseconds time) const {
        double span =
            std::max<double>(1, static_cast<double>((last_ - first_).count()));
        return 10 + 980 * static_cast<double>((time - first_).count()) / span;
    }

    Microseconds first() const { return first_; }
    Microseconds last() const { return last_; }

  private:
    Microseconds first_{0};
    Microseconds last_{0};
};

void draw_bar(std::ostream& out, double from, double to, int y,
              std::string_view of) {
    out << "<rect x='" << from << "' y='" << y << "' width='"
        << std::max(1.0, to - from) << "' height='8' class='" << of << "'/>";
}

/* Draws from each request on the wire to the store's next event. */
void draw_lookups(std::ostream& out, const Story& story, const Scale& scale) {
    const Event* asked = nullptr;
    for (const Event& event : story.events) {
        if (event.source != Source::wire) {
            continue;
        }
        if (event.kind == "store_get" || event.kind == "store_seed" ||
            event.kind == "store_claim") {
            asked = &event;
        } else if (asked != nullptr && event.kind.starts_with("store_")) {
            draw_bar(out, scale.at(asked->at), scale.at(event.at), 20,
                     "lookup");
            asked = nullptr;
        }
    }
}

/* Draws the handshake, the lookups in it, and a mark for each event. The
 * picture stretches to the width of the page, so text is outside. */
void draw(std::ostream& out, const Story& story) {
    Scale scale(story);
    out << "<svg viewBox='0 0 1000 36' preserveAspectRatio='none' "
           "role='img' aria-label='timeline'>";
    draw_bar(out, scale.at(Microseconds(0)),
             scale.at(story.handshake.value_or(scale.last())), 8, "handshake");
    draw_lookups(out, story, scale);
    for (const Event& event : story.events) {
        double x = scale.at(event.at);
        out << "<line x1='" << x << "' y1='4' x2='" << x << "' y2='32' class='"
            << class_of(event) << "'><title>" << milliseconds(event.at) << "  "
            << escaped(event.text) << "</title></line>";
    }
    out << "</svg><div class='scale'><span>" << milliseconds(scale.first())
        << "</span><span>" << milliseconds(scale.last()) << "</span></div>\n";
}

void write_events(std::ostream& out, const Story& story) {
    out << "<table class='events'>";
    for (const Event& event : story.events) {
        out << "<tr><td>" << milliseconds(event.at) << "</td>";
        if (story.in_log) {
            out << "<td>" << name_of(event.source) << "</td>";
        }
        out << "<td class='" << class_of(event) << "'>" << escaped(event.text)
            << "</td></tr>\n";
    }
    out << "</table>\n";
}

void write_line(std::ostream& out, const Story& story) {
    out << "<summary><time datetime='" << timestamp(story.begin) << "'><i>"
        << date(story.begin) << "</i> " << time_of_day(story) << "</time> ";
    write_status(out, story.status);
    out << " <b>" << name_of(story.end) << "</b> <span class='title'>"
        << escaped(title(story));
    if (std::string times = durations(story); !times.empty()) {
        out << "  <i>" << times << "</i>";
    }
    out << "</span>";
    out << "</summary>\n";
}

}  // namespace

std::string escaped(std::string_view text) {
    std::string safe;
    for (char c : text) {
        switch (c) {
        case '&':
            safe += "&amp;";
            break;
        case '<':
            safe += "&lt;";
            break;
        case '>':
            safe += "&gt;";
            break;
        case '"':
            safe += "&quot;";
            break;
        case '\'':
            safe += "&#39;";
            break;
        default:
            safe += c;
        }
    }
    return safe;
}

void write_status(std::ostream& out, std::string_view status,
                  std::string_view more) {
    out << "<span class='status " << class_of(status) << "'>" << escaped(status)
        << more << "</span>";
}

std::string anchor(std::uint64_t number) {
    return "handshake-" + std::to_string(number);
}

/* The link's target is inside, so that browsers open the element around it. */
std::string html(const Story& story, std::uint64_t number) {
    std::ostringstream out;
    out << "<details class='story' data-status='" << escaped(story.status)
        << "' data-client='" << escaped(text(story.client)) << "'>";
    write_line(out, story);
    out << "<div id='" << anchor(number) << "'>\n";
    draw(out, story);
    write_events(out, story);
    for (const std::string& note : story.notes) {
        out << "<p>" << escaped(note) << "</p>\n";
    }
    out << "</div></details>\n";
    return out.str();
}

}  // namespace debug
