#include "debug/tell/html.hpp"
#include "debug/tell/format.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sstream>
#include <stdexcept>

namespace debug {

namespace {

constexpr std::string_view head = R"html(<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<title>TLS handshakes and their session cache</title>
<style>
body { font: 14px/1.45 system-ui, sans-serif; margin: 2em auto;
       max-width: 62em; padding: 0 1em; color: #1c2430; background: #fff; }
h1 { font-size: 1.5em; } h2 { font-size: 1.15em; margin-top: 2em; }
table { border-collapse: collapse; } td, th { padding: .15em .9em .15em 0;
        text-align: left; font-variant-numeric: tabular-nums; }
details { border-top: 1px solid #d9dee5; padding: .4em 0; }
summary { cursor: pointer; overflow-wrap: anywhere; }
.status { font-weight: 600; padding: 0 .4em; border-radius: .3em; }
.good { background: #d8f0dc; } .none { background: #f3ecd2; }
.bad { background: #f8d9d6; } .source { color: #6b7684; }
svg { display: block; width: 100%; height: 56px; margin: .4em 0; }
svg text { font: 10px system-ui, sans-serif; fill: #4a5563; }
pre { margin: .3em 0; white-space: pre-wrap; }
@media (prefers-color-scheme: dark) {
 body { color: #dde3ea; background: #14181d; }
 .good { background: #1f4a2a; } .none { background: #4b421f; }
 .bad { background: #5b2521; } svg text { fill: #9aa6b4; }
 details { border-color: #323a44; } }
</style></head><body>
<h1>TLS handshakes and their session cache</h1>
)html";

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
        default:
            safe += c;
        }
    }
    return safe;
}

std::string_view class_of(std::string_view status) {
    if (status == "HIT" || status == "LOCAL") {
        return "good";
    }
    return status == "MISS" || status == "-" ? "none" : "bad";
}

std::string_view colour_of(const Event& event) {
    if (event.kind.starts_with("store_")) {
        return "#1f8a9e";
    }
    return event.kind == "broken_off" ? "#c0392b" : "#5d6b7b";
}

/* Where in the picture, whose width is 1000. */
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

    Microseconds last() const { return last_; }

  private:
    Microseconds first_{0};
    Microseconds last_{0};
};

void draw_bar(std::ostream& out, double from, double to, int y,
              std::string_view colour) {
    out << "<rect x='" << from << "' y='" << y << "' width='"
        << std::max(1.0, to - from) << "' height='8' rx='3' fill='" << colour
        << "'/>";
}

/* The handshake, the lookups in it, and a mark for each event. */
void draw(std::ostream& out, const Story& story) {
    Scale scale(story);
    out << "<svg viewBox='0 0 1000 56' preserveAspectRatio='none' "
           "role='img' aria-label='timeline'>";
    draw_bar(out, scale.at(Microseconds(0)),
             scale.at(story.handshake.value_or(scale.last())), 14, "#b9c3cf");
    const Event* asked = nullptr;
    for (const Event& event : story.events) {
        if (event.source == Source::wire && event.kind == "store_get") {
            asked = &event;
        } else if (asked != nullptr && event.source == Source::wire &&
                   event.kind.starts_with("store_")) {
            draw_bar(out, scale.at(asked->at), scale.at(event.at), 26,
                     "#1f8a9e");
            asked = nullptr;
        }
    }
    for (const Event& event : story.events) {
        out << "<rect x='" << scale.at(event.at) - 1
            << "' y='10' width='2' height='28' fill='" << colour_of(event)
            << "'><title>" << milliseconds(event.at) << "  "
            << escaped(event.text) << "</title></rect>";
    }
    out << "<text x='10' y='52'>0</text><text x='990' y='52' "
           "text-anchor='end'>"
        << milliseconds(scale.last()) << "</text></svg>\n";
}

std::string render(const Story& story) {
    std::ostringstream out;
    out << "<details><summary>" << escaped(title(story)) << "  "
        << name_of(story.end) << " <span class='status "
        << class_of(story.status) << "'>" << escaped(story.status) << "</span> "
        << durations(story) << "</summary>\n";
    draw(out, story);
    out << "<table>";
    for (const Event& event : story.events) {
        out << "<tr><td>" << milliseconds(event.at)
            << "</td><td class='source'>" << name_of(event.source)
            << "</td><td>" << escaped(event.text) << "</td></tr>\n";
    }
    out << "</table>\n";
    for (const std::string& note : story.notes) {
        out << "<p class='source'>" << escaped(note) << "</p>\n";
    }
    out << "</details>\n";
    return out.str();
}

void row(std::ostream& out, std::string_view name, const Percentiles& times) {
    if (times.count() != 0) {
        out << "<tr><td>" << name << "</td><td>" << milliseconds(times.at(50))
            << "</td><td>" << milliseconds(times.at(90)) << "</td><td>"
            << milliseconds(times.at(99)) << "</td><td>"
            << milliseconds(times.max()) << "</td></tr>\n";
    }
}

void list(std::ostream& out, std::string_view title,
          const std::vector<std::string>& lines) {
    if (lines.empty()) {
        return;
    }
    out << "<h2>" << title << "</h2>\n<ul>";
    for (const std::string& line : lines) {
        out << "<li>" << escaped(line) << "</li>\n";
    }
    out << "</ul>\n";
}

void render(std::ostream& out, const Summary& summary) {
    out << "<p>" << summary.handshakes()
        << " handshakes: " << summary.ended(End::resumed) << " resumed, "
        << summary.ended(End::full) << " full, "
        << summary.ended(End::broken_off) << " broken off, "
        << summary.ended(End::unknown) << " unknown.</p>\n<p>";
    for (const auto& [status, count] : summary.statuses()) {
        out << "<span class='status " << class_of(status) << "'>"
            << escaped(status) << ' ' << count << "</span> ";
    }
    out << "</p>\n<table><tr><th></th><th>p50</th><th>p90</th><th>p99</th>"
           "<th>max</th></tr>\n";
    row(out, "lookup", summary.lookup());
    row(out, "handshake", summary.handshake());
    out << "</table>\n";

    std::vector<std::string> slowest;
    for (const Summary::Slow& slow : summary.slowest()) {
        slowest.push_back(milliseconds(slow.waited) + "  " + slow.title);
    }
    list(out, "Waited longest for the store", slowest);
    list(out, "Hints", summary.hints());
    list(out, "What is not known", summary.reservations());
}

}  // namespace

HtmlPage::HtmlPage(const std::string& file)
    : path_(file), file_(std::fopen(file.c_str(), "we")) {
    if (file_ == nullptr) {
        throw std::runtime_error(file + ": " + std::strerror(errno));
    }
}

void HtmlPage::tell(const Story& story) {
    ++told_;
    stories_.push_back(render(story));
    bytes_ += stories_.back().size();
    while (stories_.size() > max_stories || bytes_ > max_bytes) {
        bytes_ -= stories_.front().size();
        stories_.pop_front();
    }
}

void HtmlPage::conclude(const Summary& summary) {
    std::ostringstream page;
    page << head;
    render(page, summary);
    page << "<h2>Handshakes</h2>\n";
    if (told_ > stories_.size()) {
        page << "<p>The last " << stories_.size() << " of " << told_
             << ".</p>\n";
    }
    write(page.str());
    for (const std::string& story : stories_) {
        write(story);
    }
    write("</body></html>\n");
    if (std::fflush(file_.get()) != 0) {
        throw std::runtime_error(path_ + ": " + std::strerror(errno));
    }
}

void HtmlPage::write(const std::string& text) {
    if (std::fwrite(text.data(), 1, text.size(), file_.get()) != text.size()) {
        throw std::runtime_error(path_ + ": " + std::strerror(errno));
    }
}

}  // namespace debug
