#include "debug/stories/error_log.hpp"
#include "debug/stories/names.hpp"

#include <cerrno>
#include <charconv>
#include <ctime>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace debug {

namespace {

constexpr std::string_view marker = " remote ssl session cache: +";

constexpr std::size_t longest_line = 4096;

/* Takes a number from the front. */
template <class Number>
bool take_number(std::string_view& text, Number& number) {
    const char* end = text.data() + text.size();
    auto [rest, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc()) {
        return false;
    }
    text.remove_prefix(static_cast<std::size_t>(rest - text.data()));
    return true;
}

bool take(std::string_view& text, std::string_view prefix) {
    if (!text.starts_with(prefix)) {
        return false;
    }
    text.remove_prefix(prefix.size());
    return true;
}

/* "2026/11/26 06:17:32", local time. */
std::optional<Time> read_time(std::string_view text) {
    std::tm parts{};
    std::string_view date = text.substr(0, 19);
    if (!take_number(date, parts.tm_year) || !take(date, "/") ||
        !take_number(date, parts.tm_mon) || !take(date, "/") ||
        !take_number(date, parts.tm_mday) || !take(date, " ") ||
        !take_number(date, parts.tm_hour) || !take(date, ":") ||
        !take_number(date, parts.tm_min) || !take(date, ":") ||
        !take_number(date, parts.tm_sec)) {
        return std::nullopt;
    }
    parts.tm_year -= 1900;
    parts.tm_mon -= 1;
    parts.tm_isdst = -1;
    return Time(std::chrono::seconds(std::mktime(&parts)));
}

/* The log shortens with two dots. */
std::string shortened(std::string_view text) {
    std::string shown = printable(text);
    std::size_t dots = shown.find("..");
    if (dots != std::string::npos) {
        shown.replace(dots, 2, "…");
    }
    return shown;
}

/* "TLSv1.3 resumed, HIT" */
void read_end(Story& story, Microseconds at, std::string_view text) {
    std::size_t space = text.find(' ');
    std::size_t comma = text.find(", ");
    story.handshake = at;
    if (space == std::string_view::npos || comma == std::string_view::npos ||
        comma < space) {
        return;
    }
    story.protocol = printable(text.substr(0, space));
    std::string_view end = text.substr(space + 1, comma - space - 1);
    story.end = end == "resumed" ? End::resumed
                : end == "full"  ? End::full
                                 : End::unknown;
    story.status = printable(text.substr(comma + 2));
}

/* "HIT, 171 bytes, after 231 us" */
std::string_view read_reply(Story& story, std::string_view text) {
    std::size_t after = text.rfind("after ");
    Microseconds::rep time = 0;
    if (after != std::string_view::npos) {
        std::string_view rest = text.substr(after + 6);
        if (take_number(rest, time)) {
            story.lookup =
                story.lookup.value_or(Microseconds(0)) + Microseconds(time);
        }
    }
    if (text.starts_with("HIT")) {
        return "store_hit";
    }
    return text.starts_with("MISS") ? "store_miss" : "store_error";
}

/* Whether the handshake is over with this line. */
bool read_fact(Story& story, const LogLine& line) {
    std::string_view text = line.text;
    std::string_view kind = "other";
    bool over = false;

    if (take(text, "session ") && text.ends_with(" offered")) {
        kind = "offered";
        story.offered.push_back(
            {Offered::Kind::id, shortened(text.substr(0, text.find(' ')))});
    } else if (text.ends_with(" removed")) {
        kind = "removed";
    } else if (text.find(" stored as ") != std::string_view::npos) {
        kind = "stored";
    } else if (take(text, "local cache: ")) {
        kind = text == "hit" ? "local_hit" : "local_miss";
    } else if (take(text, "store asked for ")) {
        kind = "store_get";
    } else if (take(text, "store: ")) {
        kind = read_reply(story, text);
    } else if (take(text, "value refused: ")) {
        kind = "refused";
    } else if (take(text, "handshake done: ")) {
        kind = "completed";
        read_end(story, line.at, text);
        over = true;
    } else if (text.starts_with("handshake broken off")) {
        kind = "broken_off";
        story.end = End::broken_off;
        over = true;
    }
    if (story.events.size() < Story::max_events) {
        story.events.push_back(
            {line.at, Source::log, kind, shortened(line.text)});
    }
    return over;
}

}  // namespace

std::optional<LogLine> read_log_line(std::string_view line) {
    std::size_t at = line.find(marker);
    if (at == std::string_view::npos) {
        return std::nullopt;
    }

    LogLine read;
    auto time = read_time(line);
    std::string_view head = line.substr(0, at);
    std::size_t level = head.find("] ");
    std::size_t star = head.rfind('*');
    if (!time || level == std::string_view::npos ||
        star == std::string_view::npos) {
        return std::nullopt;
    }
    read.second = *time;
    std::string_view pid = head.substr(level + 2);
    std::string_view connection = head.substr(star + 1);
    std::string_view rest = line.substr(at + marker.size());
    Microseconds::rep offset = 0;
    if (!take_number(pid, read.pid) ||
        !take_number(connection, read.connection) ||
        !take_number(rest, offset) || !take(rest, " us ")) {
        return std::nullopt;
    }
    read.at = Microseconds(offset);
    read.text = rest;
    return read;
}

void LogStories::add(const LogLine& line) {
    Key key(line.pid, line.connection);
    if (line.text.starts_with("handshake begins")) {
        begin(line, key);
        return;
    }

    auto story = open_.find(key);
    if (story != open_.end() && read_fact(story->second, line)) {
        tell(story);
    }
}

/* "handshake begins, 127.0.0.1:50122 -> 127.0.0.1:443" */
void LogStories::begin(const LogLine& line, const Key& key) {
    if (auto before = open_.find(key); before != open_.end()) {
        tell(before);
    }
    if (open_.size() >= max_open) {
        tell(open_.begin());
    }

    Story story;
    std::string_view text = line.text;
    std::size_t comma = text.find(", ");
    std::size_t arrow = text.find(" -> ");
    if (comma != std::string_view::npos && arrow != std::string_view::npos &&
        comma < arrow) {
        std::string_view client = text.substr(comma + 2, arrow - comma - 2);
        std::string_view server = text.substr(arrow + 4);
        server = server.substr(0, server.find(','));
        story.client = read_endpoint(client).value_or(Endpoint());
        story.server = read_endpoint(server).value_or(Endpoint());
    }
    story.begin = line.second;
    story.in_log = true;
    story.status = "?";
    story.status_source = Source::log;
    story.events.push_back(
        {line.at, Source::log, "begins", "handshake begins"});
    open_.emplace(key, std::move(story));
}

void LogStories::tell(std::map<Key, Story>::iterator story) {
    Story told = std::move(story->second);
    open_.erase(story);
    /* The log does not say which it was. */
    for (Offered& offered : told.offered) {
        offered.kind =
            told.protocol == "TLSv1.3" ? Offered::Kind::psk : Offered::Kind::id;
    }
    tell_(std::move(told));
}

void LogStories::finish() {
    while (!open_.empty()) {
        tell(open_.begin());
    }
}

LogFile::LogFile(std::string path, bool from_end)
    : path_(std::move(path)), fd_(::open(path_.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (fd_ < 0) {
        throw std::system_error(errno, std::generic_category(), path_);
    }
    if (from_end) {
        offset_ = static_cast<std::uint64_t>(lseek(fd_, 0, SEEK_END));
    }
}

LogFile::~LogFile() {
    close(fd_);
}

void LogFile::read(const Take& take) {
    char buffer[64 * 1024];
    do {
        ssize_t size = 0;
        while ((size = ::read(fd_, buffer, sizeof(buffer))) > 0) {
            offset_ += static_cast<std::uint64_t>(size);
            partial_.append(buffer, static_cast<std::size_t>(size));
            take_lines(take);
        }
    } while (reopen());
}

void LogFile::take_lines(const Take& take) {
    std::string_view rest = partial_;
    std::size_t end = 0;
    while ((end = rest.find('\n')) != std::string_view::npos) {
        if (auto line = read_log_line(rest.substr(0, end))) {
            take(*line);
        }
        rest.remove_prefix(end + 1);
    }
    /* A line that is never ours. */
    if (rest.size() > longest_line) {
        rest = {};
    }
    partial_ = std::string(rest);
}

/* Follows a log that was rotated or cut; true: there is more to read. */
bool LogFile::reopen() {
    struct stat now {};
    struct stat mine {};
    if (fstat(fd_, &mine) != 0 || stat(path_.c_str(), &now) != 0) {
        return false;
    }
    if (now.st_ino == mine.st_ino && now.st_dev == mine.st_dev) {
        bool cut = static_cast<std::uint64_t>(mine.st_size) < offset_;
        if (cut) {
            offset_ = 0;
            lseek(fd_, 0, SEEK_SET);
        }
        return cut;
    }

    /* Without root it may be out of reach. */
    int fd = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    close(fd_);
    fd_ = fd;
    offset_ = 0;
    partial_.clear();
    return true;
}

}  // namespace debug
