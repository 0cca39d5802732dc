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
    std::uint64_t connection = 0; /* as the worker numbers them */
    Microseconds at{};            /* since the handshake began */
    std::string_view text{};
};

/* None: it is another line. */
std::optional<LogLine> read_log_line(std::string_view line);

/* Gathers the lines of each handshake. */
class LogStories {
  public:
    using Tell = std::function<void(Story&&)>;

    static constexpr std::size_t max_open = 16'384;

    explicit LogStories(Tell tell) : tell_(std::move(tell)) {}

    void add(const LogLine& line);

    /* Tells also those whose end is not there. */
    void finish();

  private:
    using Key = std::pair<long, std::uint64_t>;

    void begin(const LogLine& line, const Key& key);
    void tell(std::map<Key, Story>::iterator story);

    Tell tell_;
    std::map<Key, Story> open_;
};

/* A log that is read while nginx writes it. */
class LogFile {
  public:
    using Take = std::function<void(const LogLine&)>;

    /* From its end, if only what comes is wanted. Throws std::system_error. */
    LogFile(std::string path, bool from_end);
    ~LogFile();
    LogFile(const LogFile&) = delete;
    LogFile& operator=(const LogFile&) = delete;

    /* What has come since the last call. */
    void read(const Take& take);

  private:
    bool reopen();
    void take_lines(const Take& take);

    std::string path_;
    int fd_;
    std::string partial_;
    std::uint64_t offset_ = 0;
};

}  // namespace debug
