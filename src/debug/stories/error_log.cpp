#include "debug/stories/error_log.hpp"
#include "debug/capture/compressed.hpp"
#include "debug/stories/names.hpp"
#include "numbers/number.hpp"
#include "sessions/claim.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <ctime>
#include <fcntl.h>
#include <stdexcept>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace debug {

namespace {

constexpr std::string_view marker = " remote ssl session cache: +";

/* nginx's own lines have 2048 bytes at most (NGX_MAX_ERROR_STR). */
constexpr std::size_t longest_line = 4096;

/* How much of a line is shown. */
constexpr std::size_t longest_text = 256;

/* Longer times are invalid. */
constexpr Microseconds::rep longest_time = 1'000'000'000'000'000;

/* The memory of a story, and of an event in it, without the text. */
constexpr std::size_t story_cost = 1024;
constexpr std::size_t event_cost = 96;

constexpr std::size_t most_at_once = 64 * 1024;

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

/* Takes a number of `count` digits. */
bool take_digits(std::string_view& text, std::size_t count, int& number) {
    auto value = numbers::read<unsigned>(text.substr(0, count));
    if (!value || text.size() < count) {
        return false;
    }
    number = static_cast<int>(*value);
    text.remove_prefix(count);
    return true;
}

/* "2026/11/26 06:17:32", local time. */
bool take_time(std::string_view& text, Time& time) {
    std::tm parts{};
    if (!take_digits(text, 4, parts.tm_year) || !take(text, "/") ||
        !take_digits(text, 2, parts.tm_mon) || !take(text, "/") ||
        !take_digits(text, 2, parts.tm_mday) || !take(text, " ") ||
        !take_digits(text, 2, parts.tm_hour) || !take(text, ":") ||
        !take_digits(text, 2, parts.tm_min) || !take(text, ":") ||
        !take_digits(text, 2, parts.tm_sec)) {
        return false;
    }
    parts.tm_year -= 1900;
    parts.tm_mon -= 1;
    parts.tm_isdst = -1;
    time = Time(std::chrono::seconds(std::mktime(&parts)));
    return true;
}

/* The log shortens names with two dots, which become an ellipsis. */
std::string shortened(std::string_view text) {
    std::string shown = printable(text.substr(0, longest_text));
    for (std::size_t dots = 0;
         (dots = shown.find("..", dots)) != std::string::npos;) {
        shown.replace(dots, 2, "…");
    }
    return shown;
}

/* "TLSv1.3 resumed, HIT" */
void read_end(Story& story, Microseconds at, std::string_view text) {
    std::size_t comma = text.find(", ");
    std::string_view before = text.substr(0, comma);
    std::size_t space = before.find(' ');
    story.handshake = at;
    if (comma == std::string_view::npos || space == std::string_view::npos) {
        return;
    }
    story.protocol = shortened(before.substr(0, space));
    std::string_view end = before.substr(space + 1);
    story.end = end == "resumed" ? End::resumed
                : end == "full"  ? End::full
                                 : End::unknown;
    story.status = shortened(text.substr(comma + 2));
}

/* "HIT, 171 bytes, after 231 us" */
std::string_view read_reply(Story& story, std::string_view text) {
    std::size_t after = text.rfind("after ");
    Microseconds::rep time = 0;
    if (after != std::string_view::npos) {
        std::string_view rest = text.substr(after + 6);
        if (take_number(rest, time) && time >= 0 && time < longest_time &&
            story.events.size() < Story::max_events) {
            story.lookup =
                story.lookup.value_or(Microseconds(0)) + Microseconds(time);
        }
    }
    constexpr std::pair<std::string_view, std::string_view> kinds[]{
        {"HIT", "store_hit"},
        {"MISS", "store_miss"},
        {"TIMEOUT", "store_timeout"}};
    const auto* found =
        std::find_if(std::begin(kinds), std::end(kinds), [&](const auto& kind) {
            return text.starts_with(kind.first);
        });
    return found == std::end(kinds) ? "store_error" : found->second;
}

/* Returns whether the handshake ends with this line. */
bool read_fact(Story& story, const LogLine& line) {
    std::string_view text = line.text;
    std::string_view kind = "other";
    bool over = false;

    if (take(text, "session ") && text.ends_with(" offered")) {
        kind = "offered";
        if (story.offered.size() < Story::max_events) {
            story.offered.push_back(
                {Offered::Kind::id, shortened(text.substr(0, text.find(' ')))});
        }
    } else if (text.ends_with(" removed")) {
        kind = "removed";
    } else if (text.find(" stored as ") != std::string_view::npos) {
        kind = "stored";
    } else if (take(text, "local cache: ")) {
        kind = text == "hit" ? "local_hit" : "local_miss";
    } else if (take(text, "store asked for the seed")) {
        kind = "store_seed";
    } else if (take(text, "store asked for ")) {
        kind = "store_get";
    } else if (take(text, "store asked to claim ")) {
        kind = "store_claim";
    } else if (take(text, "early data refused: ")) {
        kind = text == session_cache::claimed_before ? "store_replay" : kind;
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

/*
 * "2026/11/26 06:17:32 [debug] 12#12: *57 remote ssl session cache: +35 us ..."
 * from its first character on, because other lines may contain what clients
 * sent.
 */
std::optional<LogLine> read_log_line(std::string_view line) {
    LogLine read;
    long thread = 0;
    Microseconds::rep offset = 0;

    if (!take_time(line, read.second) || !take(line, " [debug] ") ||
        !take_number(line, read.pid) || !take(line, "#") ||
        !take_number(line, thread) || !take(line, ": *") ||
        !take_number(line, read.connection) || !take(line, marker) ||
        !take_number(line, offset) || !take(line, " us ") || offset < 0 ||
        offset > longest_time) {
        return std::nullopt;
    }
    read.at = Microseconds(offset);
    read.text = line;
    return read;
}

void LogStories::add(const LogLine& line) {
    Key key(line.pid, line.connection);
    if (line.text.starts_with("handshake begins")) {
        begin(line, key);
        return;
    }

    auto open = open_.find(key);
    if (open == open_.end()) {
        return;
    }
    std::size_t cost = event_cost + std::min(line.text.size(), longest_text);
    if (open->second.story.events.size() < Story::max_events) {
        open->second.cost += cost;
        held_ += cost;
    }
    if (read_fact(open->second.story, line)) {
        tell(open);
    }
}

/* "handshake begins, 127.0.0.1:50122 -> 127.0.0.1:443" */
void LogStories::begin(const LogLine& line, const Key& key) {
    if (auto before = open_.find(key); before != open_.end()) {
        tell(before);
    }
    while (!by_age_.empty() &&
           (open_.size() >= max_open || held_ >= max_held)) {
        tell(open_.find(by_age_.begin()->second));
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
    by_age_.emplace(++last_, key);
    open_.emplace(key, Open{std::move(story), last_, story_cost});
    held_ += story_cost;
}

void LogStories::tell(std::map<Key, Open>::iterator open) {
    Story told = std::move(open->second.story);
    held_ -= open->second.cost;
    by_age_.erase(open->second.number);
    open_.erase(open);
    /* The log does not say which one it was. */
    for (Offered& offered : told.offered) {
        offered.kind =
            told.protocol == "TLSv1.3" ? Offered::Kind::psk : Offered::Kind::id;
    }
    tell_(std::move(told));
}

void LogStories::finish() {
    while (!by_age_.empty()) {
        tell(open_.find(by_age_.begin()->second));
    }
}

LogFile::LogFile(std::string path, bool from_end)
    : path_(std::move(path)), fd_(::open(path_.c_str(), O_RDONLY | O_CLOEXEC)),
      skips_(false) {
    if (fd_ < 0) {
        throw std::system_error(errno, std::generic_category(), path_);
    }
    if (std::string program = decompressor_of(fd_); !program.empty()) {
        close(fd_);
        throw std::runtime_error(how_to_read(path_, program, "--error-log"));
    }
    if (from_end) {
        /* The end may be in the middle of a line. */
        char last = '\n';
        off_t end = lseek(fd_, 0, SEEK_END);
        skips_ = end > 0 && pread(fd_, &last, 1, end - 1) == 1 && last != '\n';
        offset_ = static_cast<std::uint64_t>(std::max<off_t>(end, 0));
    }
}

LogFile::~LogFile() {
    close(fd_);
}

bool LogFile::read(const Take& take) {
    char buffer[most_at_once];
    do {
        ssize_t size = ::read(fd_, buffer, sizeof(buffer));
        if (size > 0) {
            offset_ += static_cast<std::uint64_t>(size);
            partial_.append(buffer, static_cast<std::size_t>(size));
            take_lines(take);
            return true;
        }
        if (size < 0 && errno != EINTR) {
            throw std::system_error(errno, std::generic_category(), path_);
        }
    } while (reopen());
    ended_ = true;
    return false;
}

void LogFile::take_lines(const Take& take) {
    std::string_view rest = partial_;
    std::size_t end = 0;
    while ((end = rest.find('\n')) != std::string_view::npos) {
        auto line = skips_ ? std::nullopt : read_log_line(rest.substr(0, end));
        ++lines_;
        if (line) {
            ++taken_;
            last_ = line->second;
            take(*line);
        }
        skips_ = false;
        rest.remove_prefix(end + 1);
    }
    /* Such a line is never ours. */
    if (rest.size() > longest_line) {
        skips_ = true;
        rest = {};
    }
    partial_ = std::string(rest);
}

/* Follows a log that was rotated or truncated. True if there is more to
 * read. */
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
            skips_ = false;
            partial_.clear();
            lseek(fd_, 0, SEEK_SET);
        }
        return cut;
    }

    /* Without root, it may not be readable. */
    int fd = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    close(fd_);
    fd_ = fd;
    offset_ = 0;
    skips_ = false;
    partial_.clear();
    return true;
}

}  // namespace debug
