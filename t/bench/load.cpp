// A client that makes TLS sessions and resumes them, for benchmarks: what it
// measures is the CPU time the server spends on the resumptions. See usage().
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>

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
    pid_t worker = 0;
};

[[noreturn]] void usage() {
    std::fputs(
        "usage: load --make-port PORT [--use-port PORT] --worker PID\n"
        "            [--protocol 1.2|1.3] [--sessions COUNT]\n"
        "            [--handshakes COUNT] [--concurrency COUNT]\n"
        "Makes sessions at 127.0.0.1:make-port by full handshakes, then\n"
        "resumes them at use-port (by default the same), and prints what the\n"
        "process PID, which serves use-port, has spent on the resumptions.\n"
        "Exits with 1 when a handshake failed or was not resumed.\n",
        stderr);
    std::exit(2);
}

template <class Number>
Number number(std::string_view text) {
    Number value{};
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || value <= 0)
        usage();
    return value;
}

int protocol(std::string_view text) {
    if (text != "1.2" && text != "1.3")
        usage();
    return text == "1.2" ? TLS1_2_VERSION : TLS1_3_VERSION;
}

Options parse(int argc, char** argv) {
    Options options;
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 == argc)
            usage();
        const std::string_view name = argv[i];
        const std::string_view value = argv[i + 1];
        if (name == "--protocol")
            options.protocol = protocol(value);
        else if (name == "--make-port")
            options.make_port = number<uint16_t>(value);
        else if (name == "--use-port")
            options.use_port = number<uint16_t>(value);
        else if (name == "--sessions")
            options.sessions = number<size_t>(value);
        else if (name == "--handshakes")
            options.handshakes = number<size_t>(value);
        else if (name == "--concurrency")
            options.concurrency = number<size_t>(value);
        else if (name == "--worker")
            options.worker = number<pid_t>(value);
        else
            usage();
    }
    if (options.make_port == 0 || options.worker == 0)
        usage();
    if (options.use_port == 0)
        options.use_port = options.make_port;
    return options;
}

int measure(const Options& options) {
    TlsLoad load(options.protocol);
    const Tally made = load.make_sessions(options.make_port, options.sessions,
                                          options.concurrency);
    if (made.failed > 0 || load.sessions() < options.sessions)
        throw std::runtime_error(
            "made only " + std::to_string(load.sessions()) + " sessions of " +
            std::to_string(options.sessions));

    using Clock = std::chrono::steady_clock;
    const int64_t cpu_before = settled_cpu_ns(options.worker);
    const auto begin = Clock::now();
    const Tally tally =
        load.resume(options.use_port, options.handshakes, options.concurrency);
    const std::chrono::nanoseconds elapsed = Clock::now() - begin;
    const int64_t cpu = settled_cpu_ns(options.worker) - cpu_before;

    std::printf("resumed=%zu full=%zu failed=%zu cpu_ns=%lld elapsed_ns=%lld\n",
                tally.resumed, tally.full, tally.failed,
                static_cast<long long>(cpu),
                static_cast<long long>(elapsed.count()));
    return tally.resumed == options.handshakes ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return measure(parse(argc, argv));
    } catch (const std::exception& e) {
        std::fprintf(stderr, "load: %s\n", e.what());
        return 1;
    }
}
