#include "simulate/run.hpp"

#include "simulate/ring.hpp"
#include "simulate/trouble.hpp"

#include <algorithm>
#include <list>
#include <map>
#include <memory>

namespace simulate {

namespace {

class Run {
  public:
    explicit Run(std::uint64_t seed);

    Outcome play();

  private:
    std::unique_ptr<Servers> draw_servers();
    Terms draw_terms();
    void use(std::size_t which);
    void use_once(Worker& worker);
    void claim();
    void open_tickets();
    void share_tickets();
    void look();
    void reload(std::size_t which);
    void resume();
    bool is_used(Worker& worker);
    void end();
    std::unique_ptr<Worker> make_worker();

    World world_;
    Network network_;
    std::unique_ptr<Servers> servers_;
    const Terms terms_;
    Micros busy_;  // longest pause between a worker's uses
    Trouble::Workers workers_;
    std::list<std::unique_ptr<Worker>> ending_;
    std::map<const Worker*, std::unique_ptr<Ring>> rings_;
    std::size_t made_ = 0;
    bool is_busy_ = true;  // somebody wants something
    bool has_ended_ = false;
    std::uint64_t opened_ = 0;
    Outcome outcome_;
};

Run::Run(std::uint64_t seed)
    : world_(seed), network_(world_), servers_(draw_servers()),
      terms_(draw_terms()) {
    outcome_.what = servers_->kind();
    outcome_.what += terms_.surveyed ? ", claims" : "";
    outcome_.what += terms_.has_tickets ? ", tickets" : "";
    outcome_.what += terms_.has_lies ? ", lies" : "";
    busy_ = Micros(world_.chance().between(5'000, 60'000));
}

std::unique_ptr<Servers> Run::draw_servers() {
    switch (world_.chance().below(4)) {
    case 0:
        return make_pair_of_redis(network_);
    case 1:
        return make_watched_redis(network_);
    case 2:
        return make_cluster(network_);
    default:
        return make_ring(network_);
    }
}

Terms Run::draw_terms() {
    Chance& chance = world_.chance();
    Terms terms;
    terms.interval = chance.between(Milliseconds(50), Milliseconds(3000));
    terms.timeout = chance.between(Milliseconds(100), Milliseconds(2000));
    terms.count = chance.one_in(3) ? 2 + chance.below(20) : 5000;
    terms.surveyed = chance.one_in(4);
    terms.has_tickets = !terms.surveyed && chance.one_in(4);
    terms.has_lies = !terms.surveyed && chance.one_in(2);
    return terms;
}

std::unique_ptr<Worker> Run::make_worker() {
    auto worker = std::make_unique<Worker>(
        world_, made_++, terms_,
        [this](coro::Scheduler& scheduler, backends::Options options,
               const backends::Log& log, backends::Meters& meters) {
            return servers_->make(scheduler, std::move(options), log, meters);
        });
    if (terms_.has_tickets) {
        auto& ring = rings_[worker.get()];
        ring = std::make_unique<Ring>(world_, *worker);
        worker->connected = [&ring = *ring] { ring.connected(); };
    }
    return worker;
}

// A client comes to another worker than the one that gave it its ticket.
void Run::open_tickets() {
    world_.in(world_.chance().between(Micros(1000), Micros(Seconds(2))),
              [this] {
                  if (!has_ended_) {
                      Worker& giver = *world_.chance().of(workers_);
                      Worker& taker = *world_.chance().of(workers_);
                      rings_.at(&taker)->open(*rings_.at(&giver));
                      open_tickets();
                  }
              });
}

// In the end all workers make tickets with the same key.
void Run::share_tickets() {
    const auto are_same = [this] {
        const auto first = rings_.at(workers_.front().get())->current();
        return first && std::ranges::all_of(workers_, [&](const auto& one) {
                   return rings_.at(one.get())->current() == first;
               });
    };
    bool same = false;
    for (int second = 0; second < 400 && !same; ++second) {
        world_.run_for(Seconds(1));
        same = are_same();
    }
    if (!same) {
        world_.fail("workers do not come to the same ticket key");
    }
}

Outcome Run::play() {
    world_.tell(outcome_.what, ", interval ",
                std::to_string(terms_.interval.count()), ", timeout ",
                std::to_string(terms_.timeout.count()), ", count ",
                std::to_string(terms_.count));
    Trouble trouble(network_, *servers_, workers_, terms_);
    trouble.reload = [this](std::size_t which) { reload(which); };
    // a claim is believed after a minute without trouble, at the earliest
    trouble.begin(terms_.surveyed      ? Micros(Seconds(50))
                  : terms_.has_tickets ? Micros(Seconds(8))
                                       : Micros(700'000));
    const std::size_t count = 1 + world_.chance().below(4);
    while (workers_.size() < count) {
        workers_.push_back(make_worker());
        use(workers_.size() - 1);
    }
    look();
    if (terms_.has_tickets) {
        open_tickets();
    }
    if (terms_.surveyed) {
        claim();
    }

    world_.run_for(
        terms_.surveyed
            ? Micros(Seconds(400))
            : world_.chance().between(Micros(Seconds(2)), Micros(Seconds(8))));
    trouble.end();
    resume();
    if (terms_.has_tickets) {
        share_tickets();
    }
    end();

    outcome_.time = world_.now();
    outcome_.trace = world_.trace();
    outcome_.failures = world_.failures();
    return outcome_;
}

// A worker goes on with the requests of its handshakes.
void Run::use(std::size_t which) {
    const bool is_long = terms_.surveyed || terms_.has_tickets;
    const Micros most = is_long ? 20 * busy_ : busy_;
    world_.in(world_.chance().between(Micros(10), most), [this, which] {
        if (is_busy_) {
            const std::size_t times =
                world_.chance().one_in(20) ? 1 + world_.chance().below(30) : 1;
            for (std::size_t i = 0; i < times; ++i) {
                use_once(*workers_[which]);
            }
            use(which);
        }
    });
}

void Run::use_once(Worker& worker) {
    const std::string key = "k" + std::to_string(world_.chance().below(30));
    switch (world_.chance().below(16)) {
    case 0:
    case 1:
    case 2:
        worker.store(key);
        break;
    case 3:
        worker.erase(key);
        break;
    case 4:
        worker.add(key);
        break;
    case 5:
        worker.cancel();
        break;
    case 6:
    case 7:
    case 8:
    case 9:
        worker.store_and_fetch();
        break;
    default:
        worker.fetch(key);
    }
}

// One flight of early data, which is repeated at several workers.
void Run::claim() {
    const auto accepted = std::make_shared<int>(0);
    const std::string key = "claim" + std::to_string(world_.serial());
    const std::size_t times = 2 + world_.chance().below(3);

    for (std::size_t i = 0; i < times; ++i) {
        const Micros when(world_.chance().below(11'000'000));
        world_.in(when, [this, key, accepted] {
            if (!is_busy_) {
                return;
            }
            world_.chance().of(workers_)->claim(key, [this, key, accepted] {
                world_.note("accepted");
                if (++*accepted == 2) {
                    world_.fail(key + " is accepted a second time");
                }
            });
        });
    }
    world_.in(world_.chance().between(Micros(0), Micros(Seconds(2))), [this] {
        if (is_busy_) {
            claim();
        }
    });
}

// What always holds: the queue's limit, and how often workers connect.
void Run::look() {
    const auto rests = Seconds(1) / (terms_.interval / 2) + 2;
    const auto most = workers_.size() * servers_->hosts().size() * 4 *
                      static_cast<std::size_t>(rests);
    for (const auto& worker : workers_) {
        if (worker->queued() > terms_.count) {
            world_.fail("a queue has " + std::to_string(worker->queued()));
        }
    }
    if (network_.opened() - opened_ > most) {
        world_.fail("there are " + std::to_string(network_.opened() - opened_) +
                    " new connections within a second");
    }
    opened_ = network_.opened();
    world_.in(Seconds(1), [this] {
        if (!has_ended_) {
            look();
        }
    });
}

void Run::reload(std::size_t which) {
    ending_.push_back(std::move(workers_[which]));
    if (terms_.has_tickets) {
        rings_.at(ending_.back().get())->close();
    }
    ending_.back()->close();
    workers_[which] = make_worker();
    world_.in(Seconds(20), [this, worker = ending_.back().get()] {
        if (!worker->has_ended()) {
            world_.fail("a worker does not end");
            return;
        }
        outcome_.fetches += worker->fetches();
        rings_.erase(worker);
        std::erase_if(ending_,
                      [&](const auto& one) { return one.get() == worker; });
    });
}

// Each worker finds what it has stored, a few times in a row.
void Run::resume() {
    is_busy_ = false;
    world_.run_for(terms_.timeout);
    const Micros end = world_.now() + servers_->resumes_within();
    for (const auto& worker : workers_) {
        constexpr int enough = 12;
        int in_a_row = 0;
        while (in_a_row < enough && world_.now() < end) {
            in_a_row = is_used(*worker) ? in_a_row + 1 : 0;
        }
        if (in_a_row < enough) {
            world_.fail("worker " + std::to_string(worker->number()) +
                        " does not use a store that is well");
        }
    }
}

bool Run::is_used(Worker& worker) {
    const auto before = worker.found();
    worker.store_and_fetch(true);
    return world_.run_until([&] { return worker.found() != before; },
                            terms_.timeout) ||
           worker.found() != before;
}

void Run::end() {
    has_ended_ = true;
    world_.run_for(terms_.timeout + Milliseconds(100));
    for (const auto& worker : workers_) {
        if (worker->queued() != 0) {
            world_.fail("something stays in a queue");
        }
        if (terms_.has_tickets) {
            rings_.at(worker.get())->close();
        }
        worker->close();
        outcome_.fetches += worker->fetches();
    }
    const bool all = world_.run_until(
        [&] {
            return std::ranges::all_of(
                workers_, [](const auto& one) { return one->has_ended(); });
        },
        Seconds(20));
    if (!all) {
        world_.fail("a worker does not end");
    }
    world_.run_for(Seconds(21));  // reloaded workers have ended, too
    if (!all || !ending_.empty()) {
        std::ranges::for_each(workers_, [](auto& one) { (void)one.release(); });
        std::ranges::for_each(ending_, [](auto& one) { (void)one.release(); });
        std::ranges::for_each(rings_,
                              [](auto& one) { (void)one.second.release(); });
    }
    rings_.clear();
    workers_.clear();
    if (all && network_.open_sockets() != 0) {
        world_.fail("a socket stays open");
    }
}

}  // namespace

Outcome run(std::uint64_t seed) {
    return Run(seed).play();
}

}  // namespace simulate
