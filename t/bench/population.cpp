// Clients of a fleet, some of which come back, for benchmarks: what the fleet
// spends on all of them. See usage.
#include <cstddef>
#include <cstdio>
#include <memory>
#include <random>
#include <stdexcept>
#include <vector>

#include "arguments.hpp"
#include "process_cpu.hpp"
#include "tls_load.hpp"

namespace {

struct Options {
    int protocol = TLS1_2_VERSION;
    std::vector<uint16_t> ports;
    Pids workers;
    size_t visits = 1000;
    unsigned returning = 0;
    bool sticky = false;
};

constexpr const char* usage =
    "usage: population --ports PORT[,PORT...] --workers PID[,PID...]\n"
    "                  [--protocol 1.2|1.3] [--visits COUNT]\n"
    "                  [--returning PERCENT] [--routing sticky|random]\n"
    "Makes COUNT connections, one after the other, to the ports, which are\n"
    "chosen at random. PERCENT of them offer a session that was made before,\n"
    "at the same port (sticky) or at any. Prints how many were resumed, and\n"
    "the CPU that the processes have spent on all of them.\n";

Options parse(int argc, char** argv) {
    Options options;
    Arguments arguments(argc, argv, usage);
    while (arguments.next()) {
        if (arguments.is("--ports"))
            for (const auto port : arguments.pids())
                options.ports.push_back(static_cast<uint16_t>(port));
        else if (arguments.is("--workers"))
            options.workers = arguments.pids();
        else if (arguments.is("--protocol"))
            options.protocol = arguments.protocol();
        else if (arguments.is("--visits"))
            options.visits = arguments.number<size_t>();
        else if (arguments.is("--returning"))
            options.returning = arguments.percent();
        else if (arguments.is("--routing"))
            options.sticky = arguments.one_of("sticky", "random");
        else
            arguments.refuse();
    }
    if (options.ports.empty() || options.workers.empty())
        arguments.refuse();
    return options;
}

// One group of clients for each port if they return to theirs, or one for all.
class Clients {
  public:
    explicit Clients(const Options& options)
        : options_(options), any_port_(0, options.ports.size() - 1) {
        const size_t groups = options.sticky ? options.ports.size() : 1;
        for (size_t i = 0; i < groups; ++i)
            groups_.emplace_back(std::make_unique<TlsLoad>(options.protocol));
        for (size_t i = 0; i < options.ports.size(); ++i)
            group(i).make_sessions(options.ports[i], sessions_of_each, 1);
    }

    // The visit of a client that offers a session, or of one that has none.
    Tally visit() {
        const size_t i = any_port_(random_);
        return returns_(random_)
                   ? group(i).resume(options_.ports[i], 1, 1)
                   : group(i).make_sessions(options_.ports[i], 1, 1);
    }

  private:
    static constexpr size_t sessions_of_each = 20;

    TlsLoad& group(size_t port) { return *groups_[options_.sticky ? port : 0]; }

    const Options& options_;
    std::mt19937 random_{1};
    std::uniform_int_distribution<size_t> any_port_;
    std::bernoulli_distribution returns_{options_.returning / 100.0};
    std::vector<std::unique_ptr<TlsLoad>> groups_;
};

void measure(const Options& options) {
    Clients clients(options);
    size_t resumed = 0;
    size_t failed = 0;
    const int64_t before = settled_cpu_ns(options.workers);
    for (size_t i = 0; i < options.visits; ++i) {
        const Tally tally = clients.visit();
        resumed += tally.resumed;
        failed += tally.failed;
    }
    const int64_t cpu = settled_cpu_ns(options.workers) - before;
    if (failed > 0)
        throw std::runtime_error("a handshake failed");
    std::printf("visits=%zu resumed=%zu cpu_ns=%lld\n", options.visits, resumed,
                static_cast<long long>(cpu));
}

}  // namespace

int main(int argc, char** argv) {
    return run_as("population", [&] {
        measure(parse(argc, argv));
        return 0;
    });
}
