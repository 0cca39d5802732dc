/*
 * The module's debug lines in nginx's error log, and the stories in them.
 */

#pragma once

#include "debug/capture/time.hpp"
#include "debug/stories/story.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace debug {

struct LogLine {
    Time second;                  /* nginx's own clock, whole seconds */
    long pid = 0;                 /* the worker's */
    std::uint64_t connection = 0; /* the worker's number for it */
    Microseconds at{};            /* since the handshake began */
    std::string_view text{};
};

/* None if it is not a line of the module. */
std::optional<LogLine> read_log_line(std::string_view line);

/* Gathers the lines of each handshake. */
class LogStories {
  public:
    using Tell = std::function<void(Story&&)>;

    static constexpr std::size_t max_open = 16'384;
    static constexpr std::size_t max_held = 4 * 1024 * 1024; /* bytes */

    explicit LogStories(Tell tell) : tell_(std::move(tell)) {}

    void add(const LogLine& line);

    /* Hands out all stories, also those without an end. */
    void finish();

    /* The approximate memory of open stories, in bytes. */
    std::size_t held() const noexcept { return held_; }

  private:
    using Key = std::pair<long, std::uint64_t>;

    struct Open {
        Story story;
        std::uint64_t number; /* the oldest has the lowest */
        std::size_t cost;
    };

    void begin(const LogLine& line, const Key& key);
    void tell(std::map<Key, Open>::iterator open);

    Tell tell_;
    std::map<Key, Open> open_;
    std::map<std::uint64_t, Key> by_age_;
    std::uint64_t last_ = 0;
    std::size_t held_ = 0;
};

/* A log file that is read while nginx writes it. */
class LogFile {
  public:
    using Take = std::function<void(const LogLine&)>;

    /* With `from_end`, only new lines are read. Like read(), throws
     * std::runtime_error with the file's name. */
    LogFile(std::string path, bool from_end);
    ~LogFile();
    LogFile(const LogFile&) = delete;
    LogFile& operator=(const LogFile&) = delete;

    /* Reads some of the lines since the last call. False if there are no
     * more. */
    bool read(const Take& take);

    /* Whether the last read() reached the end. */
    bool ended() const noexcept { return ended_; }

    /* The lines that were read, and those of them that were the module's. */
    std::uint64_t lines() const noexcept { return lines_; }
    std::uint64_t taken() const noexcept { return taken_; }

    const std::string& path() const noexcept { return path_; }

    /* The time of the last line that was taken. */
    Time last() const noexcept { return last_; }

  private:
    bool reopen();
    void take_lines(const Take& take);

    std::string path_;
    int fd_;
    std::string partial_;
    bool skips_; /* to the line's end: its beginning was not seen */
    bool ended_ = false;
    std::uint64_t offset_ = 0;
    std::uint64_t lines_ = 0;
    std::uint64_t taken_ = 0;
    Time last_{};
};

}  // namespace debug
