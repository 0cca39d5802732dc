// The client of a master that Sentinels name, which may say anything.
//
// Input: what is asked, and how servers answer, a few bytes each.

#include "backends/redis/sentinel.hpp"
#include "fuzz/play.hpp"
#include "fuzz/scripted_sentinels.hpp"

using namespace support;
using namespace std::chrono_literals;

namespace {

class SentinelPlay final : public Play<ScriptedSentinels> {
  public:
    SentinelPlay() {
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

  private:
    // When no server answers, the client looks up every Sentinel that it knows.
    void before_end() override {
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

    // A byte selects the action, and its key or size.
    void step(Input& input) override {
        const unsigned byte = input.byte();
        const unsigned n = byte / 8;
        const auto key = "key" + std::to_string(n);
        switch (byte % 8) {
        case 0:
            get(key);
            break;
        case 1:
            set(key);
            break;
        case 2:
            erase(key);
            break;
        case 3:
            add(key);
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
};

}  // namespace

void fuzz(Input input) {
    SentinelPlay play;
    play.run(input);
}
