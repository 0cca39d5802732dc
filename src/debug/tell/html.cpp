#include "debug/tell/html.hpp"
#include "debug/tell/format.hpp"
#include "debug/tell/html_story.hpp"
#include "debug/tell/html_text.hpp"

#include <cerrno>
#include <cstring>
#include <sstream>
#include <stdexcept>
#include <vector>

namespace debug {

namespace {

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

/* The page has all of these stories. */
void list_slowest(std::ostream& out, const Summary& summary) {
    if (summary.slowest().empty()) {
        return;
    }
    out << "<h2>Waited longest for the store</h2>\n<ul>";
    for (const Summary::Slow& slow : summary.slowest()) {
        out << "<li><a href='#" << anchor(slow.number) << "'>"
            << milliseconds(slow.waited) << "</a> <i>" << slow.time_of_day
            << "</i> ";
        write_status(out, slow.status);
        out << " <span class='title'>" << escaped(slow.title)
            << "</span></li>\n";
    }
    out << "</ul>\n";
}

void write_summary(std::ostream& out, const Summary& summary) {
    out << "<p>" << counted(summary.handshakes(), "handshake") << ": "
        << summary.ended(End::resumed) << " resumed, "
        << summary.ended(End::full) << " full, "
        << summary.ended(End::broken_off) << " broken off, "
        << summary.ended(End::unknown) << " unknown.</p>\n"
        << "<p class='counts'>";
    for (const auto& [status, count] : summary.statuses()) {
        write_status(out, status, ' ' + std::to_string(count));
    }
    out << "</p>\n";
    for (const std::string& line : summary.store_lines()) {
        out << "<p>" << escaped(line) << "</p>\n";
    }
    if (summary.handshake().count() != 0 || summary.lookup().count() != 0) {
        out << "<table class='times'><tr><th></th><th>p50</th><th>p90</th>"
               "<th>p99</th><th>max</th></tr>\n";
        row(out, "lookup", summary.lookup());
        row(out, "handshake", summary.handshake());
        out << "</table>\n";
    }
    list_slowest(out, summary);
    list(out, "Hints", summary.hints());
    list(out, "What is not known", summary.reservations());
}

/* Hidden, unless scripts run: the script shows it. */
void write_filter(std::ostream& out, const Summary& summary) {
    out << "<form id='filter' hidden><label>Status <select name='status'>"
           "<option value=''>all</option>";
    for (const auto& each : summary.statuses()) {
        out << "<option>" << escaped(each.first) << "</option>";
    }
    out << "</select></label><label>Client <input name='client' type='search' "
           "placeholder='10.1.2.3'></label><output name='shown'></output>"
           "</form>\n";
}

}  // namespace

HtmlPage::HtmlPage(const std::string& file)
    : path_(file), file_(std::fopen(file.c_str(), "we")) {
    if (file_ == nullptr) {
        throw std::runtime_error(file + ": " + std::strerror(errno));
    }
}

void HtmlPage::tell(const Story& story) {
    stories_.add(story, html(story, ++told_));
}

void HtmlPage::conclude(const Summary& summary) {
    std::ostringstream page;
    page << html_head;
    write_summary(page, summary);
    page << "<h2>Handshakes</h2>\n" << html_legend;
    write_filter(page, summary);
    write(page.str());
    write_stories();
    write(html_end);
    if (std::fflush(file_.get()) != 0) {
        throw std::runtime_error(path_ + ": " + std::strerror(errno));
    }
}

/* Writes the stories in order, with the number of those left out. */
void HtmlPage::write_stories() {
    auto all = stories_.all();
    if (told_ > all.size()) {
        write("<p>Of " + std::to_string(told_) +
              " handshakes these are the "
              "latest, and of each status and end those that took "
              "longest.</p>\n");
    }
    std::uint64_t before = 0;
    for (const auto& [number, text] : all) {
        if (std::uint64_t left_out = number - before - 1; left_out != 0) {
            write("<p class='rest'>… " + std::to_string(left_out) +
                  " more</p>\n");
        }
        write(*text);
        before = number;
    }
}

void HtmlPage::write(const std::string& text) {
    if (std::fwrite(text.data(), 1, text.size(), file_.get()) != text.size()) {
        throw std::runtime_error(path_ + ": " + std::strerror(errno));
    }
}

}  // namespace debug
