#include "debug/program.hpp"
#include "debug/capture/privileges.hpp"
#include "debug/capture_filter.hpp"
#include "debug/configuration.hpp"
#include "debug/key_file.hpp"
#include "debug/tell/format.hpp"
#include "debug/tell/html.hpp"
#include "debug/tell/json.hpp"
#include "debug/tell/terminal.hpp"

#include <atomic>
#include <cerrno>
#include <cstring>
#include <iostream>
#include <poll.h>
#include <stdexcept>
#include <unistd.h>

namespace debug {

namespace {

/* How long a live story and its log lines wait for each other. */
constexpr Microseconds log_patience{3'000'000};

/* The maximum delay of packets, also on a busy machine. */
constexpr Microseconds capture_delay = Tcpdump::held + Microseconds(500'000);

constexpr std::chrono::seconds drop_interval{2};

/* For packets that are still under way when the demo is over. */
constexpr std::chrono::milliseconds demo_grace{300};

/* From the decision to stop until earlier packets have come. */
constexpr auto last_packets = Tcpdump::held + std::chrono::milliseconds(200);

std::atomic<bool> interrupted = false;

/* Keeps what names sessions, and not what opens them. */
session_cache::NamingKeys read_keys(const std::vector<std::string>& files) {
    session_cache::NamingKeys keys;
    for (const std::string& file : files) {
        keys.emplace_back(read_key_file(file).view());
    }
    return keys;
}

std::FILE* open_capture(const std::string& path) {
    std::FILE* file = path == "-" ? fdopen(dup(STDIN_FILENO), "r")
                                  : std::fopen(path.c_str(), "re");
    if (file == nullptr) {
        throw std::runtime_error(path + ": " + std::strerror(errno));
    }
    return file;
}

Time clock_now() {
    return std::chrono::floor<Microseconds>(std::chrono::system_clock::now());
}

}  // namespace

Program::Program(Options options) : options_(std::move(options)) {}

Program::~Program() = default;

void Program::interrupt(int /*signal*/) noexcept {
    interrupted = true;
}

void Program::run() {
    open_source();
    names_ =
        std::make_unique<Names>(read_keys(options_.keys), options_.full_ids);
    observer_ = std::make_unique<Observer>(
        options_.roles, *names_,
        [this](Story&& story) { join_->add_wire(std::move(story)); });
    open_outputs();
    open_logs();
    if (is_live()) {
        capture();
    } else {
        read_file();
    }
    observer_->finish();
    log_stories_->finish();
    join_->finish();
    conclude();
    if (!failure_.empty()) {
        throw std::runtime_error(failure_);
    }
}

/* Determines what to capture, and the roles of servers. */
void Program::open_source() {
    Roles& roles = options_.roles;
    std::vector<std::string> keys;

    if (options_.demo) {
        demo_ = std::make_unique<Demo>(options_.demo_store);
        roles = demo_->roles();
        keys = demo_->keys();
        log_paths_ = demo_->logs();
        options_.interface = "lo";
    } else if (!options_.conf.empty()) {
        keys = read_conf();
    }
    options_.keys.insert(options_.keys.end(), keys.begin(), keys.end());
    if (!options_.error_log.empty()) {
        log_paths_.push_back(options_.error_log);
    }

    if (is_live() && roles.tls_ports.empty()) {
        roles.tls_ports.insert(443);
    }
    if (is_live() && roles.stores.empty() && options_.conf.empty()) {
        roles.stores.push_back(make_store(StoreKind::redis, "", 6379));
        roles.stores.push_back(make_store(StoreKind::memcached, "", 11211));
    }
}

/* Returns the key files of the configuration. */
std::vector<std::string> Program::read_conf() {
    NginxConf conf = ask_nginx(options_.conf);
    if (conf.tls_ports.empty()) {
        throw std::runtime_error(options_.conf +
                                 " has no listen with ssl on a TCP port");
    }
    for (const std::string& missing : add_to(options_.roles, conf)) {
        std::cerr << missing
                  << (options_.error_log.empty()
                          ? ": --error-log, with error_log at level debug, "
                            "tells what it is asked\n"
                          : ": what it is asked, the log tells\n");
    }
    return conf.keys;
}

bool Program::is_live() const {
    bool log_only = !options_.error_log.empty() && !options_.demo &&
                    options_.conf.empty() && options_.interface.empty();
    return options_.file.empty() && !log_only;
}

void Program::open_outputs() {
    if (options_.json) {
        outputs_.push_back(std::make_unique<JsonLines>(std::cout));
    } else {
        bool colours = options_.colours.value_or(isatty(STDOUT_FILENO) != 0);
        outputs_.push_back(
            std::make_unique<Terminal>(std::cout, colours, date(clock_now())));
    }
    if (!options_.html.empty()) {
        outputs_.push_back(std::make_unique<HtmlPage>(options_.html));
    }
}

void Program::open_logs() {
    join_ = std::make_unique<LogJoin>([this](Story&& story) { tell(story); },
                                      has_log() ? std::optional(log_patience)
                                                : std::nullopt);
    log_stories_ = std::make_unique<LogStories>(
        [this](Story&& story) { join_->add_log(std::move(story)); });
    for (const std::string& path : log_paths_) {
        logs_.push_back(std::make_unique<LogFile>(path, is_live()));
    }
}

/* Reads some of a log's new lines. False if there are none. */
bool Program::read(LogFile& log) {
    return log.read([this](const LogLine& line) { log_stories_->add(line); });
}

/* Reads all new lines, unless they come faster than we read. */
void Program::read_logs() {
    for (auto& log : logs_) {
        int left = 256;
        while (read(*log) && (is_live() ? --left > 0 : !interrupted)) {
        }
    }
}

/* Reads the logs of an earlier capture in step with it. */
void Program::read_logs_until(Time time) {
    for (auto& log : logs_) {
        while (!log->ended() && log->last() < time && !interrupted &&
               read(*log)) {
        }
    }
}

void Program::tell(const Story& story) {
    if (is_enough()) {
        return;
    }
    ++told_;
    summary_.add(story);
    each_output([&](Output& output) { output.tell(story); });
}

/* If an output fails, the run ends, but the other outputs are completed. */
template <class Act>
void Program::each_output(Act act) {
    for (const auto& output : outputs_) {
        try {
            act(*output);
        } catch (const std::exception& error) {
            failure_ = failure_.empty() ? error.what() : failure_;
        }
    }
}

/* Whether standard output still has a reader. If no events are asked for,
 * poll(2) reports errors only. */
bool Program::is_read() const {
    pollfd out{STDOUT_FILENO, 0, 0};
    return poll(&out, 1, 0) != 1;
}

bool Program::is_enough() const {
    return !failure_.empty() ||
           (options_.count != 0 && told_ >= options_.count);
}

void Program::read_file() {
    std::FILE* file =
        options_.file.empty() ? nullptr : open_capture(options_.file);
    drop_root(options_.user);
    if (file != nullptr) {
        Capture capture(file, options_.file == "-" ? "standard input"
                                                   : options_.file);
        read_frames(capture);
    }
    if (!interrupted) {
        read_logs();
    }
}

void Program::read_frames(Capture& capture) {
    while (!is_enough() && !interrupted) {
        auto frame = capture.next();
        if (!frame) {
            counts_.trouble = interrupted ? "" : capture.trouble();
            return;
        }
        read_logs_until(frame->time + 2 * log_patience);
        observer_->add(capture.link_type(), *frame);
        join_->advance(observer_->now());
    }
}

void Program::capture() {
    std::string interface =
        options_.interface.empty() ? "any" : options_.interface;
    tcpdump_.emplace(interface, capture_filter(options_.roles), options_.user);
    bool dropped = drop_root(options_.user);
    std::cerr << "capturing on "
              << interface << (dropped ? ", as " + options_.user : "")
              << "; Ctrl-C ends it\n";
    if (demo_ != nullptr) {
        demo_->go();
    }
    if (options_.seconds) {
        deadline_ = std::chrono::steady_clock::now() + *options_.seconds;
    }

    LiveInput input(tcpdump_->packets(),
                    [this](bool is_idle) { on_turn(is_idle); });
    Capture capture(input.open(), "tcpdump");
    while (auto frame = capture.next()) {
        observer_->add(capture.link_type(), *frame);
        join_->advance(observer_->now());
    }
    tcpdump_->finish();
    read_logs();
    counts_.dropped = tcpdump_->dropped();
}

bool Program::is_time(Clock::time_point now) {
    if (demo_ != nullptr && !deadline_ && demo_->over()) {
        deadline_ = now + demo_grace;
    }
    return interrupted || is_enough() || (deadline_ && now >= *deadline_);
}

/* Runs now and then, with or without packets. */
void Program::on_turn(bool is_idle) {
    auto now = std::chrono::steady_clock::now();
    if (is_idle) {
        observer_->advance(clock_now() - capture_delay);
    }
    if (!stop_at_ && is_time(now)) {
        stop_at_ = now + (is_enough() ? Clock::duration(0) : last_packets);
    }
    if (stop_at_ && !stopped_ && now >= *stop_at_) {
        stopped_ = true;
        tcpdump_->stop();
    }
    read_logs();
    if (failure_.empty() && !is_read()) {
        failure_ = "standard output: nobody reads it any more";
    }
    if (now - last_asked_ >= drop_interval) {
        last_asked_ = now;
        tell_drops();
        tcpdump_->ask();
    }
    join_->advance(observer_->now());
}

void Program::tell_drops() {
    std::uint64_t dropped = tcpdump_->dropped().value_or(0);
    if (dropped > told_drops_) {
        std::cerr << dropped << " packets were dropped by the kernel: "
                  << "stories may be incomplete\n";
        told_drops_ = dropped;
    }
}

/* Notes logs without a debug line of the module. A live log may have no new
 * lines at all. */
void Program::look_at_logs() {
    for (const auto& log : logs_) {
        bool expected = log->lines() != 0 || !is_live();
        if (log->taken() == 0 && expected) {
            counts_.silent_logs.push_back(
                log->path() + " has " + counted(log->lines(), "line") +
                ", and no debug line of the module: error_log needs the "
                "level debug, and nginx --with-debug");
        }
    }
}

void Program::conclude() {
    look_at_logs();
    observer_->add_to(summary_, counts_);
    each_output([this](Output& output) { output.conclude(summary_); });
}

}  // namespace debug
