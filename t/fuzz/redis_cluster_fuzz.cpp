// The client of a Redis Cluster whose servers change their minds.
//
// Input: what is asked, and how servers answer, a few bytes each.

#include "fuzz/scripted_cluster.hpp"
#include "support/test_resolver.hpp"
#include "support/test_store.hpp"

#include <doctest/doctest.h>
#include <memory>
#include <optional>
#include <string>
#include <vector>

using namespace support;
using namespace std::chrono_literals;

namespace {

class Play {
  public:
    Play() {
        ClusterSeeds seeds;
        seeds.servers.push_back(
            store_server(store_address(servers_.address(0))));
        seeds.servers.push_back(
            store_server(store_address(servers_.address(1))));
        auto options = store_options();
        options.count = 50;
        options.resolver = &resolver_;
        resolver_.takes_all_time = true;
        store_.emplace(seeds, options);
    }

    void run(Input& input) {
        while (!input.empty()) {
            step(input);
            turn(input);
        }
        end();
    }

  private:
    TestStore& store() { return *store_; }

    void turn(Input& input) {
        store().loop.run_turns(1);
        servers_.turn(input);
        store().loop.run_turns(1);
    }

    // A byte tells what is done, and with which key.
    void step(Input& input) {
        const unsigned byte = input.byte();
        const auto key = "key" + std::to_string(byte / 8);
        switch (byte % 8) {
        case 0:
        case 1:
        case 2:
            fetches_.push_back(store().begin_fetch(key));
            break;
        case 3:
            store().store().store(key, "value", 60s);
            break;
        case 4:
            store().store().erase(key);
            break;
        case 5:
            adds_.push_back(store().begin_add(key));
            break;
        case 6:
            store().loop.skip(byte / 8 * 200ms);
            break;
        case 7:
            (byte / 8 % 4 == 0) ? servers_.hang_up() : turn(input);
            break;
        }
    }

    // Nobody waits for ever, and a cluster that is well again is used.
    void end() {
        Input nothing("");
        servers_.heal();
        store().loop.run_turns(2);
        store().loop.skip(patience);
        fetches_.push_back(store().begin_fetch("key"));
        CHECK(store().loop.run_until([&] {
            servers_.turn(nothing);
            return all_done();
        }));

        CHECK(store().loop.run_until([&] {
            servers_.turn(nothing);
            return is_used();
        }));
    }

    bool is_used() {
        const auto& last = fetches_.back();
        if (last->done && last->result.value == "value") {
            return true;
        }
        if (last->done) {
            store().loop.skip(100ms);
            fetches_.push_back(store().begin_fetch("key"));
        }
        return false;
    }

    bool all_done() const {
        const auto done = [](const auto& one) { return one->done; };
        return std::ranges::all_of(fetches_, done) &&
               std::ranges::all_of(adds_, done);
    }

    ScriptedCluster servers_;
    LoopbackResolver resolver_;
    std::optional<TestStore> store_;
    TestStore::Fetches fetches_;
    std::vector<std::shared_ptr<TestStore::Add>> adds_;
};

}  // namespace

void fuzz(Input input) {
    Play play;
    play.run(input);
}
