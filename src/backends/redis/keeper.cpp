#include "backends/redis/keeper.hpp"

#include <algorithm>
#include <ctime>
#include <new>
#include <utility>

namespace backends::redis {

namespace {

/* How often nodes that leave are checked. */
constexpr coro::Time leaving{250};

/* How long a node that could not serve is asked after others. */
constexpr coro::Time distrust{300000};

/* So short that a string allocates nothing for it. */
constexpr const char* no_memory = "out of memory";

Address name_of(const std::vector<Server>& seeds) {
    Address address{};
    address.text = "cluster of " + seeds.front().name;
    return address;
}

}  // namespace

Keeper::Keeper(coro::Scheduler& scheduler, NodeTable& table,
               std::vector<Server> seeds, Terms terms, Log log)
    : scheduler_(scheduler), table_(table), seeds_(std::move(seeds)),
      terms_(std::move(terms)), journal_(std::move(log), "redis"),
      refresh_(now()) {
    journal_.at(name_of(seeds_));
    terms_.meter.slots = 0;
}

bool Keeper::start() noexcept {
    return scheduler_.start(
        {[](void* self) noexcept { static_cast<Keeper*>(self)->run(); }, this});
}

/* While it is not wanted, it does not ask, but lets its nodes leave. */
void Keeper::run() noexcept {
    while (!closing_) {
        bool has_leaving = table_.sweep();
        coro::Time next = wanted() ? refresh_.due() : coro::never;

        if (next <= now()) {
            refresh();
        } else {
            pause(has_leaving ? std::min(next, now() + leaving) : next);
        }
    }
}

void Keeper::pause(coro::Time until) noexcept {
    paused_ = coro::next_wait();
    coro::wait(until);
    paused_.reset();
}

void Keeper::wake() noexcept {
    if (paused_) {
        scheduler_.wake(*paused_);
    }
}

void Keeper::close() noexcept {
    closing_ = true;
    terms_.meter.state = Meter::State::closed;
    if (looking_) {
        scheduler_.wake(*looking_, coro::Wake::cancelled);
    }
    wake();
}

void Keeper::changed(const ClusterNode& client) noexcept {
    if (!client.may_serve() && !client.retired() &&
        !table_.of(client).is_seed()) {
        refresh_.on_trouble(now());
    }
    note_state();
    wake();
}

void Keeper::refused(ClusterNode& client) noexcept {
    client.distrusted_until = now() + distrust;
    refresh_.on_trouble(now());
    wake();
}

void Keeper::moved() noexcept {
    refresh_.on_moved(now());
    wake();
}

void Keeper::refresh() noexcept {
    bool told = false;
    refresh_.begun(now());

    try {
        told = ask_nodes() || ask_seeds();
    } catch (const std::bad_alloc&) {
        looking_.reset();
        why_not_ = no_memory;
    }

    if (closing_) {
        return;
    }
    knows_ = knows_ || told;
    tell(told);
    refresh_.done(now(), told && table_.is_well());
    note_state();
    tried();
}

void Keeper::tell(bool told) noexcept {
    if (told) {
        terms_.meter.told = std::time(nullptr);
    }
    if (told && !told_) {
        terms_.meter.connects.add();
        journal_.connected("", now());
    } else if (!told) {
        journal_.lost(why_not_, told_, now());
    }
    told_ = told;
}

void Keeper::note_state() noexcept {
    auto state =
        knows_ && table_.is_well() ? Meter::State::up : Meter::State::down;

    if (closing_) {
        return;
    }
    terms_.meter.slots = table_.served();
    terms_.meter.note(state);
}

/* In random order, because a fleet that avoids the node that it asked last
 * would move from node to node as a herd. But nodes that could serve recently
 * come first. */
std::vector<Node*> Keeper::candidates() {
    std::vector<Node*> all;

    for (const auto& node : table_.nodes()) {
        if (node->serves() && node->client->up()) {
            all.push_back(node.get());
        }
    }
    std::shuffle(all.begin(), all.end(), random_);
    std::stable_partition(all.begin(), all.end(), [this](const Node* node) {
        return node->client->distrusted_until <= now();
    });
    return all;
}

bool Keeper::ask_nodes() {
    for (Node* node : candidates()) {
        if (!closing_ && ask(*node, now() + terms_.timeout)) {
            return true;
        }
    }
    return false;
}

/* In random order. In a sorted one, all workers would begin with the same
 * seed. */
bool Keeper::ask_seeds() {
    why_not_ = "no server returned the slots";
    std::shuffle(seeds_.begin(), seeds_.end(), random_);

    return std::any_of(seeds_.begin(), seeds_.end(), [this](Server& seed) {
        return !closing_ && wanted() && ask_seed(seed);
    });
}

/* Looks up a seed's name, if there is a resolver. */
void Keeper::look_up(Server& seed) {
    if (terms_.resolver == nullptr || seed.host.empty()) {
        return;
    }

    looking_ = coro::next_wait();
    Resolved found =
        terms_.resolver->resolve(seed.host, seed.port, now() + terms_.timeout);
    looking_.reset();
    if (!found.addresses.empty()) {
        seed.addresses = std::move(found.addresses);
    } else {
        why_not_ = seed.host + ": " + found.error;
    }
}

/* A seed's client would log lines each time. Only one of them is used, and
 * logged once for all seeds. The next attempt begins with another address of
 * the name. */
bool Keeper::ask_seed(Server& seed) {
    look_up(seed);
    if (closing_ || seed.addresses.empty()) {
        return false;
    }

    auto log = [this](Level level, std::string_view line) {
        if (level == Level::error) {
            why_not_ = line;
        }
    };
    std::shuffle(seed.addresses.begin(), seed.addresses.end(), random_);

    Node& node = table_.add_seed(seed, log);
    auto addresses = static_cast<int>(seed.addresses.size());
    bool told = false;
    try {
        told = ask(node, now() + terms_.timeout * (addresses + 1));
    } catch (const std::bad_alloc&) {
        why_not_ = no_memory;
    }
    node.client->retire();
    return told;
}

bool Keeper::ask(Node& node, coro::Time deadline) {
    if (!await_answer(*node.client, deadline)) {
        return false;
    }

    auto topology = node.client->take_topology();
    if (topology) {
        adopt(*topology, node);
    }
    return topology.has_value();
}

bool Keeper::await_answer(ClusterNode& client, coro::Time deadline) noexcept {
    bool asked = false;

    while (!closing_ && now() < deadline) {
        if (asked && client.has_answered()) {
            return true;
        }
        if (!asked && client.up()) {
            asked = client.ask_slots();
        } else if (!asked && client.has_failed()) {
            return false;
        }
        pause(deadline);
    }
    return false;
}

void Keeper::adopt(const Topology& topology, const Node& told_by) {
    std::vector<Node*> masters;

    for (const Endpoint& endpoint : topology.masters) {
        masters.push_back(table_.reach(endpoint, told_by));
        if (masters.back() == nullptr) {
            journal_.failed("resolving", endpoint.host,
                            {text_of(endpoint), ": no address is known"},
                            now());
        }
    }
    table_.assign(topology, masters);
    table_.retire_others(masters);
}

}  // namespace backends::redis
