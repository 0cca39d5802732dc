// A client that makes TLS sessions and resumes them, for benchmarks: what it
// measures is the CPU time the server spends on the handshakes. See usage.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <string_view>

#include "arguments.hpp"
#include "process_cpu.hpp"
#include "tls_load.hpp"

namespace {

struct Options {
    int protocol = TLS1_3_VERSION;
    uint16_t make_port = 0;
    uint16_t use_port = 0;
    size_t sessions = 100;
    size_t handshakes = 1000;
    size_t concurrency = 16;
    bool resumed = true;
    bool early = false;
    Pids worker;
};

constexpr const char* usage =
    "usage: load --make-port PORT [--use-port PORT] --worker PID[,PID...]\n"
    "            [--protocol 1.2|1.3] [--sessions COUNT]\n"
    "            [--handshakes COUNT] [--concurrency COUNT]\n"
    "            [--kind resumed|full] [--early-data on|off]\n"
    "Makes sessions at 127.0.0.1:make-port by full handshakes, then resumes\n"
    "them at use-port (by default the same), and prints what the processes,\n"
    "which serve use-port, have spent on the resumptions; or, with --kind\n"
    "full, on as many full handshakes; with --early-data on, each resumption\n"
    "has a request in early data. Exits with 1 when a handshake failed or was\n"
    "not of that kind, or early data was not accepted.\n";

Options parse(int argc, char** argv) {
    Options options;
    Arguments arguments(argc, argv, usage);
    while (arguments.next()) {
        if (arguments.is("--protocol"))
            options.protocol = arguments.protocol();
        else if (arguments.is("--make-port"))
            options.make_port = arguments.number<uint16_t>();
        else if (arguments.is("--use-port"))
            options.use_port = arguments.number<uint16_t>();
        else if (arguments.is("--sessions"))
            options.sessions = arguments.number<size_t>();
        else if (arguments.is("--handshakes"))
            options.handshakes = arguments.number<size_t>();
        else if (arguments.is("--concurrency"))
            options.concurrency = arguments.number<size_t>();
        else if (arguments.is("--kind"))
            options.resumed = arguments.one_of("resumed", "full");
        else if (arguments.is("--early-data"))
            options.early = arguments.one_of("on", "off");
        else if (arguments.is("--worker"))
            options.worker = arguments.pids();
        else
            arguments.refuse();
    }
    if (options.make_port == 0 || options.worker.empty())
        arguments.refuse();
    if (options.use_port == 0)
        options.use_port = options.make_port;
    return options;
}

Tally handshakes(TlsLoad& load, const Options& options) {
    return options.resumed
               ? load.resume(options.use_port, options.handshakes,
                             options.concurrency)
               : load.make_sessions(options.use_port, options.handshakes,
                                    options.concurrency);
}

double median_us(const TlsLoad& load) {
    auto times = load.times();
    if (times.empty())
        return 0;
    const auto middle =
        times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
    std::nth_element(times.begin(), middle, times.end());
    return std::chrono::duration<double, std::micro>(*middle).count();
}

int measure(const Options& options) {
    TlsLoad load(options.protocol);
    if (options.early)
        load.send_early_data();
    const Tally made = load.make_sessions(options.make_port, options.sessions,
                                          options.concurrency);
    if (made.failed > 0 || load.sessions() < options.sessions)
        throw std::runtime_error(
            "made only " + std::to_string(load.sessions()) + " sessions of " +
            std::to_string(options.sessions));

    using Clock = std::chrono::steady_clock;
    const int64_t cpu_before = settled_cpu_ns(options.worker);
    const auto begin = Clock::now();
    const Tally tally = handshakes(load, options);
    const std::chrono::nanoseconds elapsed = Clock::now() - begin;
    const int64_t cpu = settled_cpu_ns(options.worker) - cpu_before;

    std::printf("resumed=%zu full=%zu failed=%zu early=%zu cpu_ns=%lld "
                "elapsed_ns=%lld p50_us=%.1f\n",
                tally.resumed, tally.full, tally.failed, tally.early,
                static_cast<long long>(cpu),
                static_cast<long long>(elapsed.count()), median_us(load));
    const size_t wanted = options.resumed ? tally.resumed : tally.full;
    return wanted == options.handshakes &&
                   tally.early == (options.early ? wanted : 0)
               ? 0
               : 1;
}

}  // namespace

int main(int argc, char** argv) {
    return run_as("load", [&] { return measure(parse(argc, argv)); });
}
