// How long handshakes take, while others come in and the store is frozen or
// not. See usage.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <optional>
#include <stdexcept>
#include <thread>
#include <vector>

#include "arguments.hpp"
#include "tls_load.hpp"

namespace {

using Nanoseconds = std::chrono::nanoseconds;

struct Options {
    int protocol = TLS1_2_VERSION;
    uint16_t make_port = 0;
    uint16_t port = 0;
    size_t rate = 100;
    size_t seconds = 1;
    bool resumed = true;
    size_t background = 0;
    size_t sessions = 32;
    Pids freeze;
    bool silent = false;
};

constexpr const char* usage =
    "usage: latency --make-port PORT [--port PORT] [--kind resumed|full]\n"
    "               [--protocol 1.2|1.3] [--rate COUNT] [--seconds COUNT]\n"
    "               [--sessions COUNT] [--background COUNT] [--freeze PID]\n"
    "               [--background-is resuming|silent]\n"
    "Makes sessions at 127.0.0.1:make-port; then makes COUNT handshakes of\n"
    "the kind a second at port (by default the same), while COUNT more a\n"
    "second are resumptions in the background and the process PID, the\n"
    "store, is stopped. The silent say no more than their ClientHello. Prints\n"
    "how long those of the kind took, and those in the background.\n";

Options parse(int argc, char** argv) {
    Options options;
    Arguments arguments(argc, argv, usage);
    while (arguments.next()) {
        if (arguments.is("--make-port"))
            options.make_port = arguments.number<uint16_t>();
        else if (arguments.is("--port"))
            options.port = arguments.number<uint16_t>();
        else if (arguments.is("--kind"))
            options.resumed = arguments.one_of("resumed", "full");
        else if (arguments.is("--protocol"))
            options.protocol = arguments.protocol();
        else if (arguments.is("--rate"))
            options.rate = arguments.number<size_t>();
        else if (arguments.is("--seconds"))
            options.seconds = arguments.number<size_t>();
        else if (arguments.is("--sessions"))
            options.sessions = arguments.number<size_t>();
        else if (arguments.is("--background"))
            options.background = arguments.number<size_t>();
        else if (arguments.is("--freeze"))
            options.freeze = arguments.pids();
        else if (arguments.is("--background-is"))
            options.silent = !arguments.one_of("resuming", "silent");
        else
            arguments.refuse();
    }
    if (options.make_port == 0)
        arguments.refuse();
    if (options.port == 0)
        options.port = options.make_port;
    return options;
}

// Stops the store for as long as this lives.
class Freeze {
  public:
    explicit Freeze(Pids store) : store_(std::move(store)) { signal(SIGSTOP); }
    ~Freeze() { signal(SIGCONT); }
    Freeze(const Freeze&) = delete;
    Freeze& operator=(const Freeze&) = delete;

  private:
    void signal(int number) const {
        for (const pid_t pid : store_)
            kill(pid, number);
    }

    Pids store_;
};

void make_sessions(TlsLoad& load, const Options& options) {
    load.make_sessions(options.make_port, options.sessions, 16);
    if (load.sessions() < options.sessions)
        throw std::runtime_error("too few sessions");
}

Nanoseconds interval(size_t rate) {
    return Nanoseconds(1'000'000'000 / rate);
}

double quantile_us(const std::vector<Nanoseconds>& sorted, double q) {
    const auto at =
        static_cast<size_t>(q * static_cast<double>(sorted.size() - 1));
    return static_cast<double>(sorted[at].count()) / 1000;
}

void print(const char* prefix, const Tally& tally,
           std::vector<Nanoseconds> times) {
    if (times.empty())
        throw std::runtime_error("no handshake came to an end");
    std::sort(times.begin(), times.end());
    std::printf("%sresumed=%zu %sfull=%zu %sfailed=%zu %sunfinished=%zu ",
                prefix, tally.resumed, prefix, tally.full, prefix, tally.failed,
                prefix, tally.unfinished);
    std::printf("%sp50_us=%.1f %sp99_us=%.1f %smax_us=%.1f ", prefix,
                quantile_us(times, 0.5), prefix, quantile_us(times, 0.99),
                prefix, quantile_us(times, 1));
}

void measure(const Options& options) {
    TlsLoad measured(options.protocol);
    TlsLoad others(TLS1_2_VERSION);
    if (options.resumed)
        make_sessions(measured, options);
    if (options.background > 0)
        make_sessions(others, options);
    if (options.silent)
        others.fall_silent();

    const std::chrono::seconds duration(options.seconds);
    std::optional<Freeze> freeze(options.freeze);
    Tally other;
    // Lasts longer than the measurement: at its end thousands of waiting
    // clients give up, a burst that is not the store's doing.
    std::thread background([&] {
        if (options.background > 0)
            other =
                others.offer(options.port, true, interval(options.background),
                             duration + std::chrono::milliseconds(500));
    });
    const Tally tally = measured.offer(options.port, options.resumed,
                                       interval(options.rate), duration);
    freeze.reset();
    background.join();
    print("", tally, measured.times());
    if (options.background > 0)
        print("background_", other, others.times());
    std::puts("");
}

}  // namespace

int main(int argc, char** argv) {
    return run_as("latency", [&] {
        measure(parse(argc, argv));
        return 0;
    });
}
