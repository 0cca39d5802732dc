// A mixed load with random faults, for as long as one likes. At its end the
// workers hold no more than before.

#include "soak/faults.hpp"
#include "soak/figures.hpp"
#include "soak/load.hpp"
#include "support/node.hpp"

#include <cstdio>
#include <cstdlib>
#include <doctest/doctest.h>
#include <map>
#include <numeric>
#include <random>
#include <thread>

using namespace soak;
using namespace support;

namespace {

using std::chrono::seconds;

constexpr const char* password = "secret";
constexpr std::size_t clients = 16;
// Its quarters are long compared to an outage, so that the medians are those of
// ordinary times.
constexpr seconds shortest{60};
constexpr Milliseconds longest_outage{1500};
constexpr Milliseconds tick{50};
constexpr Milliseconds between_samples{500};
constexpr int rows = 12;  // of the table, for each worker

unsigned from_environment(const char* name, unsigned otherwise) {
    const char* given = std::getenv(name);
    return given == nullptr
               ? otherwise
               : static_cast<unsigned>(std::strtoul(given, nullptr, 10));
}

// A node with a service on Redis at its own address, with a local cache, and
// one on memcached at another, with client certificates.
struct SoakNode {
    SoakNode(const RedisServer& redis, const MemcachedServer& memcached)
        : node(config(redis, memcached)) {}

    NodeConfig config(const RedisServer& redis,
                      const MemcachedServer& memcached) const {
        const std::string parameters = " timeout=500ms interval=50ms;";
        NodeConfig on_memcached;
        on_memcached.server =
            "remote_ssl_session_cache " + memcached.parameters() + parameters +
            "ssl_verify_client optional; ssl_client_certificate \"" +
            certificates().client_ca.certificate.string() + "\";";
        on_memcached.response = response;
        on_memcached.listen = "reuseport";  // half of the load to each worker
        NodeConfig config;
        config.nginx.workers = 2;
        config.nginx.log_level = "notice";
        config.http = "client_header_timeout 2s; ssl_session_timeout 20s;\n" +
                      server_block(on_memcached, memcached_port.address());
        config.server = "ssl_session_cache shared:S:4m;\n"
                        "remote_ssl_session_cache " +
                        redis.parameters() + " auth=" + password + parameters;
        config.response = response;
        config.listen = on_memcached.listen;
        return config;
    }

    ReservedPort memcached_port;
    Node node;
};

// Everything that takes part.
struct Soak {
    Soak() {
        for (auto* each : {&steady, &reloaded}) {
            // Each worker to both stores.
            REQUIRE(each->node.connected(2));
        }
    }

    std::vector<Service> services() const {
        return {{.nodes = {steady.node.address(), reloaded.node.address()},
                 .certificates = false},
                {.nodes = {steady.memcached_port.address(),
                           reloaded.memcached_port.address()},
                 .certificates = true}};
    }

    RedisServer redis{{"--requirepass", password}, {password}};
    MemcachedServer memcached{{}, MemcachedServer::Listen::at_port};
    SoakNode steady{redis, memcached};
    // Its workers never get as old as a run, so its master is measured
    // instead.
    SoakNode reloaded{redis, memcached};
};

// The workers' figures, sampled and printed.
class Watch {
  public:
    Watch(std::vector<pid_t> workers, Clock::duration length)
        : workers_(std::move(workers)), row_(length / rows) {
        std::puts("  time  worker  rss KiB  anonymous  fds  maps     full  "
                  "resumed  broken off  failed  faults");
    }

    void look(const Load& load, std::size_t faults) {
        const auto now = Clock::now();
        if (now >= next_sample_) {
            next_sample_ = now + between_samples;
            for (const auto pid : workers_) {
                courses_[pid].push_back(figures_of(pid));
            }
        }
        if (now >= next_row_) {
            next_row_ = now + row_;
            print(load, faults);
        }
    }

    void print(const Load& load, std::size_t faults) const {
        const auto counts = load.counts();
        const auto time =
            std::chrono::duration_cast<seconds>(Clock::now() - begin_).count();
        for (const auto pid : workers_) {
            const auto figures = figures_of(pid);
            std::printf("%4lld s %7d %8ld %10ld %4ld %5ld %8zu %8zu %11zu "
                        "%7zu %7zu\n",
                        static_cast<long long>(time), static_cast<int>(pid),
                        figures.resident, figures.anonymous,
                        figures.descriptors, figures.mappings, counts.full,
                        counts.resumed, counts.broken_off, counts.failed,
                        faults);
        }
        std::fflush(stdout);
    }

    const Course& course(pid_t pid) const { return courses_.at(pid); }

  private:
    std::vector<pid_t> workers_;
    Clock::duration row_;
    Clock::time_point begin_ = Clock::now();
    Clock::time_point next_sample_ = begin_, next_row_ = begin_;
    std::map<pid_t, Course> courses_;
};

std::vector<Faults> all_faults(Soak& soak, unsigned seed) {
    std::vector<Faults> sources;
    sources.emplace_back(faults_of(soak.redis, password), longest_outage, seed);
    sources.emplace_back(faults_of(soak.memcached), longest_outage, seed + 1);
    sources.emplace_back(
        operations_on(soak.steady.node.nginx(), soak.reloaded.node.nginx()),
        seconds{15}, seed + 2);
    return sources;
}

std::size_t count(const std::vector<Faults>& sources) {
    return std::accumulate(
        sources.begin(), sources.end(), std::size_t{0},
        [](auto sum, const auto& source) { return sum + source.count(); });
}

// Lets one thing after the other go wrong under the load.
void run(std::vector<Faults>& sources, Load& load, Watch& watch,
         seconds length) {
    const auto end = Clock::now() + length;
    while (Clock::now() < end) {
        for (auto& source : sources) {
            source.tick();
        }
        watch.look(load, count(sources));
        std::this_thread::sleep_for(tick);
    }
    for (auto& source : sources) {
        source.end();
    }
    load.stop();
}

// Sessions go from one node to the other again.
bool recovers(const Service& service) {
    return eventually([&] {
        for (auto options : {tls12(), tls13()}) {
            options.session = get(service.nodes[0], options).session();
            if (!get(service.nodes[1], options).reused) {
                return false;
            }
        }
        return true;
    });
}

// The figures once they are those from `before` the load again, or the last
// ones. Idle stacks are given back after ten seconds.
Figures settled(pid_t pid, const Figures& before) {
    Figures now;
    eventually([&] {
        now = figures_of(pid);
        return now.descriptors == before.descriptors &&
               now.mappings == before.mappings;
    });
    return now;
}

// Whether the workers that reloads have left behind end.
bool old_workers_end(Nginx& nginx) {
    return eventually([&] {
        return nginx.log_count("gracefully shutting down") ==
               nginx.log_count("exited with code 0");
    });
}

}  // namespace

TEST_CASE("workers hold no more after a long load with faults than before") {
    const seconds length{from_environment("SOAK_SECONDS", 600)};
    const auto seed = from_environment("SEED", std::random_device{}());
    REQUIRE(length >= shortest);
    std::printf("SEED=%u\n", seed);

    Soak soak;
    const auto services = soak.services();
    auto& reloaded = soak.reloaded.node.nginx();
    const auto workers = soak.steady.node.nginx().workers();
    auto watched = workers;
    watched.push_back(parent_of(reloaded.workers().at(0)));
    std::map<pid_t, Figures> before;
    for (const auto pid : watched) {
        before[pid] = figures_of(pid);
    }

    Load load(services, clients, seed);
    Watch watch(watched, length);
    auto faults = all_faults(soak, seed);
    run(faults, load, watch, length);
    CHECK(load.complaints() == "");
    CHECK(load.counts().resumed > 0);
    for (const auto& service : services) {
        CHECK(recovers(service));
    }

    CHECK((soak.steady.node.nginx().workers() == workers));
    CHECK(old_workers_end(reloaded));
    for (const auto pid : watched) {
        CAPTURE(pid);
        CHECK(growth(watch.course(pid)) == "");
        const auto now = settled(pid, before[pid]);
        CHECK(now.descriptors == before[pid].descriptors);
        CHECK(now.mappings == before[pid].mappings);
    }
    watch.print(load, count(faults));
}
