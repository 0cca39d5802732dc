// The client of a master that Sentinels name, which may say anything.
//
// Input: what is asked, and how servers answer, a few bytes each.

#include "backends/redis/sentinel.hpp"
#include "fuzz/scripted_sentinels.hpp"
#include "support/test_store.hpp"

#include <algorithm>
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
        backends::Watch watch{.master = "mymaster", .password = "watch"};
        for (std::size_t i = 0; i < 2; ++i) {
            watch.sentinels.push_back(
                store_server(store_address(servers_.address(i))));
        }
        auto options = store_options();
        options.timeout = 2s;
        options.count = 50;
        options.password = "store";
        options.resolver = &servers_;
        store_.emplace(watch, options);
    }

    void run(Input& input) {
        while (!input.empty()) {
            step(input);
            turn(input);
        }
        check_learned();
        end();
        check_log();
    }

  private:
    TestStore& store() { return *store_; }

    void turn(Input& input) {
        store().loop.run_turns(1);
        servers_.turn(input);
        store().loop.run_turns(1);
    }

    // A byte tells what is done, and with which key or how much of it.
    void step(Input& input) {
        const unsigned byte = input.byte();
        const unsigned n = byte / 8;
        const auto key = "key" + std::to_string(n);
        switch (byte % 8) {
        case 0:
            fetches_.push_back(store().begin_fetch(key));
            break;
        case 1:
            store().store().store(key, "value", 60s);
            break;
        case 2:
            store().store().erase(key);
            break;
        case 3:
            adds_.push_back(store().begin_add(key));
            break;
        case 4:
            store().loop.skip(n * 50ms);
            break;
        case 5:
            store().loop.skip(n * 3s);
            break;
        case 6:
            (n % 4 == 0) ? servers_.hang_up() : turn(input);
            break;
        case 7:
            for (unsigned time = 0; time < n; ++time) {
                turn(input);
            }
            break;
        }
    }

    // When none of them answers, all Sentinels that are known are looked for.
    void check_learned() {
        Input nothing("");
        servers_.die();
        servers_.take_names();
        for (int times = 0; times < 100; ++times) {
            turn(nothing);
            store().loop.skip(50ms);
        }
        CHECK(servers_.take_names().size() <=
              backends::redis::Sentinels::max_learned);
    }

    // Nobody waits for ever, and servers that are well again are used.
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

    void check_log() {
        for (const unsigned char c : store().log()) {
            CHECK((c == '\n' || (c >= ' ' && c < 0x7f)));
        }
    }

    ScriptedSentinels servers_;
    std::optional<TestStore> store_;
    TestStore::Fetches fetches_;
    std::vector<std::shared_ptr<TestStore::Add>> adds_;
};

}  // namespace

void fuzz(Input input) {
    Play play;
    play.run(input);
}
