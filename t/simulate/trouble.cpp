#include "simulate/trouble.hpp"

namespace simulate {

void Trouble::begin(Micros longest_pause) {
    longest_pause_ = longest_pause;
    if (terms_.has_lies) {
        for (Host* host : servers_.hosts()) {
            host->lies = 50;
        }
    }
    for (auto n = world_.chance().below(4); n != 0; --n) {
        trouble_server();
    }
    go_on();
}

void Trouble::go_on() {
    world_.in(world_.chance().between(Micros(1000), longest_pause_), [this] {
        if (!has_ended_) {
            cause();
            go_on();
        }
    });
}

void Trouble::cause() {
    switch (world_.chance().below(8)) {
    case 0:
    case 1:
    case 2:
        trouble_server();
        break;
    case 3:
    case 4:
        servers_.change();
        break;
    case 5:
    case 6:
        trouble_worker();
        break;
    default:
        trouble_network();
    }
}

void Trouble::later(std::function<void()> undo) {
    const Micros most = world_.chance().one_in(2) ? Micros(Seconds(5))
                                                  : Micros(Milliseconds(500));
    world_.in(world_.chance().between(Micros(1000), most), std::move(undo));
}

void Trouble::trouble_server() {
    auto hosts = servers_.hosts();
    Host& host = *world_.chance().of(hosts);
    auto* redis = dynamic_cast<RedisHost*>(&host);
    const std::size_t what = world_.chance().below(redis != nullptr ? 9 : 7);

    world_.tell("trouble ", std::to_string(what), " at ", host.name());
    switch (what) {
    case 0:
        host.freeze(true);
        later([&host] { host.freeze(false); });
        break;
    case 1:
        host.cut_off(true);
        later([&host] { host.cut_off(false); });
        break;
    case 2:
    case 3:
        host.drop_all(what == 2);
        break;
    case 4:
        host.die();
        later([&host] { host.restart(); });
        break;
    case 5:
        host.slow = world_.chance().between(Micros(0), Micros(terms_.timeout));
        later([&host] { host.slow = Micros(0); });
        break;
    case 6:
        servers_.evict();
        break;
    case 7:
        redis->is_loading = true;
        later([redis] { redis->is_loading = false; });
        break;
    default:
        redis->is_full = true;
        redis->drop_all(true);
        later([redis] { redis->is_full = false; });
    }
}

void Trouble::trouble_worker() {
    const std::size_t which = world_.chance().below(workers_.size());
    SimulatedLoop& loop = workers_[which]->loop();
    const std::size_t what = world_.chance().below(5);

    world_.tell("trouble ", std::to_string(what), " in worker ",
                std::to_string(workers_[which]->number()));
    switch (what) {
    case 0:
        loop.refuse(world_.chance().one_in(2) ? 1 : 3);
        later([this, which] { workers_[which]->loop().refuse(0); });
        break;
    case 1:
        loop.starve(world_.chance().between(5U, 200U));
        later([this, which] { workers_[which]->loop().starve(0); });
        break;
    case 2:
        loop.stall(world_.chance().between(Micros(0), Micros(30'000)));
        break;
    case 3:
        reload(which);
        break;
    default:
        loop.wall_ahead = world_.chance().one_in(2)
                              ? Micros(0)
                              : world_.chance().between(Micros(Seconds(-3600)),
                                                        Micros(Seconds(3600)));
        servers_.set_clocks(
            world_.chance().between(Micros(Seconds(-1)), Micros(Seconds(1))));
    }
}

void Trouble::trouble_network() {
    world_.tell("trouble on the way");
    if (world_.chance().one_in(2)) {
        network_.fails = world_.chance().between(3U, 100U);
        later([this] { network_.fails = 0; });
    } else {
        network_.segment = world_.chance().between<std::size_t>(1, 300);
        network_.farthest = Micros(world_.chance().between(500, 20'000));
        later([this] {
            network_.segment = 1448;
            network_.farthest = Micros(500);
        });
    }
}

void Trouble::end() {
    has_ended_ = true;
    world_.run_for(aftermath);
    servers_.heal();
    for (Host* host : servers_.hosts()) {
        host->lies = 0;
        if (!host->is_listening()) {
            host->Host::restart();
        }
    }
    for (const auto& worker : workers_) {
        worker->loop().refuse(0);
        worker->loop().starve(0);
        worker->loop().wall_ahead = Micros(0);
    }
    world_.tell("all is well");
}

}  // namespace simulate
