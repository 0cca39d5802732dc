/*
 * One run of the program, from the options to the summary.
 */

#pragma once

#include "debug/capture/live_input.hpp"
#include "debug/capture/tcpdump.hpp"
#include "debug/demo.hpp"
#include "debug/observer.hpp"
#include "debug/options.hpp"
#include "debug/stories/error_log.hpp"
#include "debug/stories/log_join.hpp"
#include "debug/tell/output.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace debug {

class Program {
  public:
    explicit Program(Options options);
    ~Program();

    void run();

    /* Ends a run as its time limit does. Async-signal-safe. */
    static void interrupt(int signal) noexcept;

  private:
    using Clock = std::chrono::steady_clock;

    bool is_live() const;
    bool has_log() const { return !log_paths_.empty(); }
    void open_source();
    std::vector<std::string> read_conf();
    void open_outputs();
    void open_logs();
    bool read(LogFile& log);
    void read_logs();
    void read_logs_until(Time time);
    void read_file();
    void capture();
    void read_frames(Capture& capture);
    bool is_enough() const;
    void tell(const Story& story);
    bool is_read() const;
    template <class Act>
    void each_output(Act act);
    bool is_time(Clock::time_point now);
    void on_turn(bool is_idle);
    void tell_drops();
    void look_at_logs();
    void conclude();

    Options options_;
    std::unique_ptr<Demo> demo_;
    std::vector<std::string> log_paths_;
    std::unique_ptr<Names> names_;
    std::vector<std::unique_ptr<Output>> outputs_;
    std::unique_ptr<LogJoin> join_;
    std::unique_ptr<LogStories> log_stories_;
    std::vector<std::unique_ptr<LogFile>> logs_;
    std::unique_ptr<Observer> observer_;
    std::optional<Tcpdump> tcpdump_;
    Summary summary_;
    CaptureCounts counts_;
    std::uint64_t told_ = 0;
    std::uint64_t told_drops_ = 0;
    bool stopped_ = false;
    std::string failure_; /* of an output, which ends the run */
    std::optional<Clock::time_point> stop_at_;
    std::optional<Clock::time_point> deadline_;
    Clock::time_point last_asked_{};
};

}  // namespace debug
