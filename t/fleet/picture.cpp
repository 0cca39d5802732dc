#include "fleet/picture.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <functional>
#include <sstream>

namespace fleet {

namespace {

constexpr double left = 70, plot_width = 1000, width = left + plot_width + 20;
constexpr double top = 130, plot_height = 150, gap = 60;

constexpr const char* style =
    "text{font:12px sans-serif;fill:#222}.title{font-size:15px;"
    "font-weight:bold}.grid{stroke:#ddd}.event{fill:#f4c95d;opacity:.35}"
    ".edge{stroke:#b8860b}.a{fill:#5b8c5a}.b{fill:#d1495b}.c{fill:#9aa5b1}"
    ".f{fill:#000}.l1{fill:none;stroke:#2f6690;stroke-width:1.5}"
    ".l2{fill:none;stroke:#d1495b;stroke-width:1.5}";

std::string escaped(const std::string& text) {
    std::string safe;
    for (const char c : text) {
        safe += c == '<' ? "&lt;" : c == '&' ? "&amp;" : std::string(1, c);
    }
    return safe;
}

// One of several diagrams, one below the other, with the same seconds.
class Plot {
  public:
    using Value = std::function<double(const Second&)>;

    // The scale ends at `most`; a logarithmic one begins at `least`.
    Plot(std::ostream& out, const Timeline& timeline, int row, double most,
         double least = 0)
        : out_(out), timeline_(timeline), top_(top + row * (plot_height + gap)),
          most_(most), least_(least) {}

    void frame(const std::string& title, const std::vector<double>& ticks,
               const std::string& unit) {
        text(left, top_ - 8, title, "");
        for (const double tick : ticks) {
            out_ << "<line class=\"grid\" x1=\"" << left << "\" x2=\""
                 << left + plot_width << "\" y1=\"" << y(tick) << "\" y2=\""
                 << y(tick) << "\"/>";
            std::ostringstream label;
            label << tick << unit;
            text(left - 6, y(tick) + 4, label.str(), "end");
        }
    }

    void line(const char* kind, const Value& value) {
        out_ << "<polyline class=\"" << kind << "\" points=\"";
        for (std::size_t i = 0; i < timeline_.size(); ++i) {
            out_ << x(static_cast<double>(i) + 0.5) << ','
                 << y(value(timeline_.second(i))) << ' ';
        }
        out_ << "\"/>\n";
    }

    // The area between two values, with a step for each second.
    void area(const char* kind, const Value& from, const Value& to) {
        for (std::size_t i = 0; i < timeline_.size(); ++i) {
            const auto second = timeline_.second(i);
            const double lower = y(from(second)), upper = y(to(second));
            if (upper < lower) {
                out_ << "<rect class=\"" << kind << "\" x=\""
                     << x(static_cast<double>(i)) << "\" y=\"" << upper
                     << "\" width=\"" << x(1) - x(0) << "\" height=\""
                     << lower - upper << "\"/>";
            }
        }
        out_ << '\n';
    }

    // The axis of time, below all diagrams.
    void time() {
        const auto length = timeline_.size();
        const std::size_t step = length > 240 ? 60 : length > 90 ? 20 : 10;
        for (std::size_t at = 0; at <= length; at += step) {
            std::ostringstream label;
            label << at << " s";
            text(x(static_cast<double>(at)), top_ + plot_height + 18,
                 label.str(), "middle");
        }
    }

    void text(double at_x, double at_y, const std::string& words,
              const char* anchor) {
        out_ << "<text x=\"" << at_x << "\" y=\"" << at_y << "\" text-anchor=\""
             << (*anchor ? anchor : "start") << "\">" << escaped(words)
             << "</text>\n";
    }

    double x(double second) const {
        return left + plot_width * second /
                          std::max(1.0, static_cast<double>(timeline_.size()));
    }

  private:
    double y(double value) const {
        const double part = least_ > 0
                                ? std::log(std::max(value, least_) / least_) /
                                      std::log(most_ / least_)
                                : value / most_;
        return top_ + plot_height * (1 - std::clamp(part, 0.0, 1.0));
    }

    std::ostream& out_;
    const Timeline& timeline_;
    double top_;
    double most_, least_;
};

// A round number that is not less than any value.
double most_of(const Timeline& timeline, const Plot::Value& value) {
    double most = 1;
    for (std::size_t i = 0; i < timeline.size(); ++i) {
        most = std::max(most, value(timeline.second(i)));
    }
    const double unit = std::pow(10, std::floor(std::log10(most)));
    return unit * std::ceil(most / unit);
}

void draw_events(std::ostream& out, const Story& story) {
    Plot plot(out, story.timeline, 0, 1);
    const double bottom = top + 4 * plot_height + 3 * gap;
    for (const auto& outcome : story.outcomes) {
        if (!outcome.skipped.empty()) {
            continue;
        }
        const double begin = plot.x(outcome.begin), end = plot.x(outcome.end);
        out << "<g><title>" << escaped(outcome.text()) << "</title>"
            << "<rect class=\"event\" x=\"" << begin << "\" y=\"" << top
            << "\" width=\"" << std::max(1.5, end - begin) << "\" height=\""
            << bottom - top << "\"/><line class=\"edge\" x1=\"" << begin
            << "\" x2=\"" << begin << "\" y1=\"" << top << "\" y2=\"" << bottom
            << "\"/><text transform=\"translate(" << begin + 4 << ' '
            << top - 24 << ") rotate(-40)\">" << escaped(outcome.name)
            << "</text></g>\n";
    }
}

void draw_handshakes(std::ostream& out, const Timeline& timeline) {
    const Plot::Value lost = [](auto& s) { return s.lost + s.failed; };
    const Plot::Value full = [](auto& s) {
        return s.lost + s.failed + s.fresh;
    };
    const Plot::Value all = [](auto& s) {
        return s.lost + s.failed + s.fresh + s.resumed;
    };
    const double most = most_of(timeline, all);
    Plot plot(out, timeline, 0, most);
    plot.frame("handshakes a second: resumed (green), full of new clients "
               "(grey), full though there was a session (red)",
               {0, most / 2, most}, "");
    plot.area(
        "b", [](auto&) { return 0; }, lost);
    plot.area("c", lost, full);
    plot.area("a", full, all);
    plot.area(
        "f", [](auto&) { return 0; }, [](auto& s) { return s.failed; });
}

void draw_rate(std::ostream& out, const Timeline& timeline) {
    Plot plot(out, timeline, 1, 100);
    plot.frame("of the clients that had a session, those that resumed",
               {0, 50, 90, 100}, " %");
    plot.line("l1", [](const Second& s) {
        return s.returned() == 0 ? 100.0 : 100.0 * s.resumed / s.returned();
    });
}

void draw_waits(std::ostream& out, const Timeline& timeline) {
    Plot plot(out, timeline, 2, 1000, 0.01);
    plot.frame("waits for the store, p50 (blue) and p99 (red)",
               {0.01, 0.1, 1, 10, 100, 1000}, " ms");
    plot.line("l1", [](const Second& s) {
        return percentiles(s.waits_us).p50 / 1000.0;
    });
    plot.line("l2", [](const Second& s) {
        return percentiles(s.waits_us).p99 / 1000.0;
    });
}

void draw_requests(std::ostream& out, const Timeline& timeline) {
    const Plot::Value requests = [](const Second& s) {
        return static_cast<double>(s.requests);
    };
    const double most = most_of(timeline, requests);
    Plot plot(out, timeline, 3, most);
    plot.frame("requests to the store, a second", {0, most / 2, most}, "");
    plot.line("l1", requests);
    plot.time();
}

}  // namespace

std::string svg_of(const Story& story) {
    std::ostringstream out;
    const double height = top + 4 * plot_height + 3 * gap + 40;
    out << "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " << width
        << ' ' << height << "\"><style>" << style
        << "</style><rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>"
        << "<text class=\"title\" x=\"" << left << "\" y=\"24\">"
        << escaped(story.title) << "</text>\n";
    draw_events(out, story);
    draw_handshakes(out, story.timeline);
    draw_rate(out, story.timeline);
    draw_waits(out, story.timeline);
    draw_requests(out, story.timeline);
    out << "</svg>\n";
    return out.str();
}

std::string html_of(const Story& story) {
    std::ostringstream out;
    out << "<!DOCTYPE html><html lang=\"en\"><meta charset=\"utf-8\"><title>"
        << escaped(story.title)
        << "</title><style>body{font:14px sans-serif;max-width:1100px;"
           "margin:2em auto}li.failed{color:#b00}</style>\n"
        << svg_of(story) << "<h2>Events</h2><ol>\n";
    for (const auto& outcome : story.outcomes) {
        out << "<li>" << escaped(outcome.text()) << "</li>\n";
    }
    out << "</ol><h2>What has to hold</h2><ul>\n";
    for (const auto& check : story.checks.all()) {
        out << (check.holds ? "<li>" : "<li class=\"failed\">FAILED: ")
            << escaped(check.what + (check.why.empty() ? "" : ": " + check.why))
            << "</li>\n";
    }
    out << "</ul></html>\n";
    return out.str();
}

}  // namespace fleet
