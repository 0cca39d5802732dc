// The Redis Cluster client, with servers that change their minds.
//
// Input: what is asked, and how servers answer, a few bytes each.

#include "fuzz/play.hpp"
#include "fuzz/scripted_cluster.hpp"
#include "support/test_resolver.hpp"

using namespace support;
using namespace std::chrono_literals;

namespace {

class ClusterPlay final : public Play<ScriptedCluster> {
  public:
    ClusterPlay() {
        ClusterSeeds seeds;
        for (std::size_t i = 0; i < 2; ++i) {
            seeds.servers.push_back(
                store_server(store_address(servers_.address(i))));
        }
        auto options = store_options();
        options.count = 50;
        options.resolver = &resolver_;
        resolver_.takes_all_time = true;
        store_.emplace(seeds, options);
    }
    ~ClusterPlay() { store_.reset(); }  // before its resolver

  private:
    // A byte selects the action and its key.
    void step(Input& input) override {
        const unsigned byte = input.byte();
        const auto key = "key" + std::to_string(byte / 8);
        switch (byte % 8) {
        case 0:
        case 1:
        case 2:
            get(key);
            break;
        case 3:
            set(key);
            break;
        case 4:
            erase(key);
            break;
        case 5:
            add(key);
            break;
        case 6:
            store().loop.skip(byte / 8 * 200ms);
            break;
        case 7:
            (byte / 8 % 4 == 0) ? servers_.hang_up() : turn(input);
            break;
        }
    }

    LoopbackResolver resolver_;
};

}  // namespace

void fuzz(Input input) {
    ClusterPlay play;
    play.run(input);
}
