// Very many workers lose their server at the same time (docs/herd.md).

#include "simulate/servers.hpp"
#include "support/memory_checker.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <doctest/doctest.h>
#include <fstream>
#include <functional>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

using namespace simulate;

namespace {

const std::size_t all = support::in_sanitizer() ? 300 : 5000;

// How often something happens in each tenth of a second of virtual time.
class Rate {
  public:
    explicit Rate(World& world) : world_(world), begin_(world.now()) {}

    void count() {
        const auto tenth = static_cast<std::size_t>((world_.now() - begin_) /
                                                    Milliseconds(100));
        tenths_.resize(std::max(tenths_.size(), tenth + 1));
        ++tenths_[tenth];
    }
    // Per second.
    std::uint64_t most() const {
        const auto all = seconds();
        return all.empty() ? 0 : *std::ranges::max_element(all);
    }
    // In each of the first seconds.
    std::string text() const {
        std::string text;
        for (const auto count : seconds()) {
            text += (text.empty() ? "" : " ") + std::to_string(count);
        }
        return text;
    }
    const std::vector<std::uint64_t>& tenths() const { return tenths_; }

  private:
    std::vector<std::uint64_t> seconds() const {
        std::vector<std::uint64_t> all((tenths_.size() + 9) / 10);
        for (std::size_t i = 0; i < tenths_.size(); ++i) {
            all[i / 10] += tenths_[i];
        }
        return all;
    }

    World& world_;
    const Micros begin_;
    std::vector<std::uint64_t> tenths_;
};

// What a herd did.
struct Herd {
    std::string connections;            // per second, at the new servers
    std::vector<std::uint64_t> tenths;  // the same per tenth of a second
    std::uint64_t most = 0;
    Micros half{0};  // until half of them were back
    Micros nearly_all{0};
    std::uint64_t questions = 0;  // to Sentinels, or for slots
    std::uint64_t most_questions = 0;
};

// Workers that make no requests: each knows whether it is connected.
class Workers {
  public:
    Workers(World& world, Servers& servers) {
        Terms terms;
        while (workers_.size() < all) {
            workers_.push_back(std::make_unique<Worker>(
                world, workers_.size(), terms,
                [&](coro::Scheduler& scheduler, backends::Options options,
                    const backends::Log& log, backends::Meters& meters) {
                    return servers.make(scheduler, std::move(options), log,
                                        meters);
                }));
            world.run_for(Milliseconds(1));
        }
        world.run_for(Seconds(3));
    }
    ~Workers() {
        for (const auto& worker : workers_) {
            worker->close();
        }
        World::running()->run_for(Seconds(4));
    }

    // How many of them find what they store, within two seconds.
    std::size_t used() {
        for (const auto& worker : workers_) {
            worker->store_and_fetch(true);
        }
        World::running()->run_for(Seconds(2));
        return static_cast<std::size_t>(std::ranges::count_if(
            workers_, [](const auto& one) { return one->found() != 0; }));
    }

  private:
    std::vector<std::unique_ptr<Worker>> workers_;
};

// Calls `lose`. A worker is back when one of `next` accepts its connection.
Herd lose(World& world, const std::vector<Host*>& next,
          const std::function<void()>& lose,
          const std::function<std::uint64_t()>& questions) {
    Herd herd;
    Rate connections(world);
    Rate asked(world);
    std::size_t back = 0;
    const Micros begin = world.now();
    const auto at_first = questions();

    for (Host* host : next) {
        host->on_accept = [&] {
            connections.count();
            ++back;
            if (back == all / 2) {
                herd.half = world.now() - begin;
            }
            if (back == all * 99 / 100) {
                herd.nearly_all = world.now() - begin;
            }
        };
    }
    lose();
    auto before = at_first;
    for (int tenth = 0; tenth < 80; ++tenth) {
        world.run_for(Milliseconds(100));
        for (; before != questions(); ++before) {
            asked.count();
        }
    }
    for (Host* host : next) {
        host->on_accept = nullptr;
    }
    herd.connections = connections.text();
    herd.tenths = connections.tenths();
    herd.most = connections.most();
    herd.questions = questions() - at_first;
    herd.most_questions = asked.most();
    return herd;
}

void print(const char* what, const Herd& herd) {
    std::printf("| %s | %s | %.1f s | %.1f s | %llu | %llu |\n", what,
                herd.connections.c_str(),
                static_cast<double>(herd.half.count()) / 1e6,
                static_cast<double>(herd.nearly_all.count()) / 1e6,
                static_cast<unsigned long long>(herd.questions),
                static_cast<unsigned long long>(herd.most_questions));
    // What t/simulate/herd_plot.sh draws.
    if (const char* file = std::getenv("HERD_CSV")) {
        std::ofstream csv(file, std::ios::app);
        for (std::size_t i = 0; i < herd.tenths.size(); ++i) {
            csv << '"' << what << "\"," << i << ',' << herd.tenths[i] << '\n';
        }
    }
}

// The hosts of one kind.
template <class Kind>
std::vector<Kind*> hosts_of(Servers& servers) {
    std::vector<Kind*> all;
    for (Host* host : servers.hosts()) {
        if (auto* one = dynamic_cast<Kind*>(host)) {
            all.push_back(one);
        }
    }
    return all;
}

// The sum of one count of all hosts.
template <class Kind>
std::uint64_t sum(const std::vector<Kind*>& hosts, std::uint64_t Kind::*count) {
    return std::transform_reduce(hosts.begin(), hosts.end(), std::uint64_t{0},
                                 std::plus<>(),
                                 [&](const Kind* one) { return one->*count; });
}

void promote(RedisHost& host, const std::vector<SentinelHost*>& sentinels) {
    host.is_replica = false;
    for (auto* sentinel : sentinels) {
        sentinel->master = &host;
    }
}

}  // namespace

TEST_CASE("herd: workers that lose their Redis, which comes back") {
    World world(1);
    Network network(world);
    const auto servers = make_pair_of_redis(network);
    Workers workers(world, *servers);
    Host& redis = *servers->hosts().front();
    CHECK(redis.connections() == all);

    const Herd herd = lose(
        world, {&redis},
        [&] {
            redis.die();
            redis.restart();
        },
        [] { return 0; });
    print("Redis, restarted at once", herd);
    CHECK(redis.connections() == all);
    CHECK(herd.nearly_all < Seconds(2));
    CHECK(workers.used() == all);
}

TEST_CASE("herd: workers that lose the master that Sentinels name") {
    World world(2);
    Network network(world);
    const auto servers = make_watched_redis(network);
    Workers workers(world, *servers);
    const auto redis = hosts_of<RedisHost>(*servers);
    const auto sentinels = hosts_of<SentinelHost>(*servers);

    const Herd herd = lose(
        world, {redis[1]},
        [&] {
            redis[0]->die();
            world.in(Seconds(1), [&] { promote(*redis[1], sentinels); });
        },
        [&] { return sum(sentinels, &SentinelHost::questions); });
    print("master of Sentinels, another one after 1 s", herd);
    CHECK(redis[1]->connections() == all);
    CHECK(herd.nearly_all < Seconds(15));
    CHECK(herd.most_questions < all * 3);
    CHECK(workers.used() == all);
}

TEST_CASE("herd: workers that lose one of a cluster's masters") {
    World world(3);
    Network network(world);
    const auto servers = make_cluster(network);
    Workers workers(world, *servers);
    const auto nodes = hosts_of<RedisHost>(*servers);

    const Herd herd = lose(
        world, {nodes[3]},
        [&] {
            nodes[0]->die();
            world.in(Seconds(1), [&] { nodes[0]->cluster.slots->give(0, 3); });
        },
        [&] { return sum(nodes, &RedisHost::topologies); });
    print("a cluster's master, replaced after 1 s", herd);
    CHECK(nodes[3]->connections() == all);
    CHECK(herd.nearly_all < Seconds(15));
    CHECK(herd.most_questions < all * 2);
    CHECK(workers.used() == all);
}
