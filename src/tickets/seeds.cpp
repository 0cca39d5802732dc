#include "tickets/seeds.hpp"

#include <algorithm>
#include <utility>

namespace session_cache::tickets {

using backends::Addition;
using backends::Fetched;
using backends::Status;

std::string Seeds::name_of(const Wanted& wanted) const {
    return seed_record_name(options_.prefix, *wanted.sealing, wanted.seed);
}

/* At least a second: the store accepts no less, and that is soon over. */
std::chrono::seconds Seeds::ttl_until(std::time_t expires) const noexcept {
    std::chrono::seconds left(expires - options_.clock());
    return std::clamp(left, std::chrono::seconds(1), backends::Store::max_ttl);
}

std::optional<TicketName> Seeds::settle(const Slot& slot,
                                        std::optional<TicketName> mine) {
    TicketName theirs;
    Chosen chosen = read_chosen(slot);
    Status status = have(slot, chosen, theirs);

    if (status == Status::miss && propose(slot, mine, chosen.exists)) {
        status = have(slot, read_chosen(slot), theirs);
    }
    if (status != Status::hit) {
        return std::nullopt;
    }
    forget_candidate(slot, theirs);
    return theirs;
}

Seeds::Chosen Seeds::read_chosen(const Slot& slot) {
    Fetched found =
        options_.store.peek(slot_record_name(options_.prefix, primary(), slot));

    switch (found.status) {
    case Status::hit:
        return {true, true, read_slot_record(primary(), slot, found.value)};
    case Status::miss:
        return {true};
    default:
        return {};
    }
}

/* Whether there is a key for the chosen seed, as a result of fetch(). */
Status Seeds::have(const Slot& slot, const Chosen& chosen, TicketName& name) {
    if (!chosen.answered) {
        return Status::down;
    }
    if (!chosen.id) {
        return Status::miss;
    }

    const SeedName seed{slot, *chosen.id};
    name = ticket_name(primary(), seed);
    return held_.find(name) != nullptr ? Status::hit : load({&primary(), seed});
}

/* Leaves a seed, and then the record that names it, so that a reader of the
 * record finds the seed. */
bool Seeds::propose(const Slot& slot, std::optional<TicketName> mine,
                    bool exists) {
    if (mine) {
        put_back(*mine);
    } else {
        mine = candidate(slot);
    }
    return mine && choose(*mine, exists);
}

/* A key of our own for a slot, whose seed is in the store for everybody. */
std::optional<TicketName> Seeds::candidate(const Slot& slot) {
    std::erase_if(candidates_, [this](const auto& entry) {
        return held_.find(entry.second.name) == nullptr;
    });
    if (!candidates_.contains(slot.start)) {
        TicketName made = make(slot);
        candidates_[slot.start] = {made};
    }

    const TicketName name = candidates_[slot.start].name;
    switch (leave(*held_.find(name))) {
    case Addition::added:
        return name;
    case Addition::exists: /* another seed has that ID */
        candidates_.erase(slot.start);
        held_.remove(name);
        return std::nullopt;
    default:
        return std::nullopt;
    }
}

TicketName Seeds::make(const Slot& slot) {
    Seed seed;
    SeedName name{slot, 0};

    make_seed(seed, name.id);
    seed.expires = options_.lifetimes.expiry(slot);
    options_.meter.made.add();

    return held_
        .add({&primary(), name, seed_record(primary(), name, seed),
              TicketKey(primary(), name, seed), seed.expires})
        .key.name();
}

/* After `added`, the seed is in the store, whoever put it there. */
Addition Seeds::leave(const Held& held) {
    const std::string name = name_of({held.sealing, held.seed});
    const std::string record = held.record;
    Addition addition =
        options_.store.add(name, record, ttl_until(held.expires));

    if (addition == Addition::exists) {
        Fetched found = options_.store.peek(name);
        if (found.status != Status::hit) {
            return Addition::unknown;
        }
        return found.value == record ? Addition::added : Addition::exists;
    }
    return addition;
}

/* An existing record that makes no sense any more would never be replaced by an
 * add(). If several workers replace it at the same time, the last record
 * counts. */
bool Seeds::choose(const TicketName& mine, bool exists) {
    const Held* held = held_.find(mine);
    if (held == nullptr) {
        return false;
    }

    const Slot slot = held->seed.slot;
    const std::string name = slot_record_name(options_.prefix, primary(), slot);
    const std::string record = slot_record(primary(), held->seed);
    const auto ttl = ttl_until(held->expires);
    bool is_seen = true;

    if (exists) {
        options_.store.store(name, record, ttl);
    } else {
        is_seen = options_.store.add(name, record, ttl) != Addition::exists;
    }
    if (auto own = candidates_.find(slot.start);
        own != candidates_.end() && own->second.name == mine) {
        own->second.is_seen |= is_seen;
    }
    return true;
}

/* Erases a seed that was not chosen, if nobody can have made a ticket with
 * it. */
void Seeds::forget_candidate(const Slot& slot, const TicketName& chosen) {
    auto own = candidates_.find(slot.start);
    if (own == candidates_.end()) {
        return;
    }

    const auto [name, is_seen] = own->second;
    const Held* held = held_.find(name);
    candidates_.erase(own);
    if (name != chosen && !is_seen && held != nullptr) {
        options_.store.erase(name_of({held->sealing, held->seed}));
        held_.remove(name);
    }
}

Status Seeds::load(const Wanted& wanted) {
    return take(wanted, options_.store.peek(name_of(wanted)));
}

Status Seeds::fetch(const Wanted& wanted, coro::Time deadline) {
    if (unfound_.has(wanted.seed, options_.scheduler.loop().now())) {
        return Status::miss;
    }
    return take(wanted, options_.store.fetch(name_of(wanted), deadline));
}

Status Seeds::take(const Wanted& wanted, Fetched&& fetched) {
    Status status = fetched.status;

    if (status == Status::hit && !hold(wanted, std::move(fetched.value))) {
        status = Status::miss;
    }
    if (status == Status::miss) {
        unfound_.add(wanted.seed,
                     options_.scheduler.loop().now() + options_.interval);
    }
    return status;
}

/* False if the record is not what was once written there. If several wanted the
 * seed, only the first one has work. */
bool Seeds::hold(const Wanted& wanted, std::string&& record) {
    if (held_.find(ticket_name(*wanted.sealing, wanted.seed)) != nullptr) {
        return true;
    }

    Seed seed;
    if (!read_seed_record(*wanted.sealing, wanted.seed, record, seed)) {
        return false;
    }

    options_.meter.fetched.add();
    std::time_t expires = std::min(
        std::max(seed.expires, options_.lifetimes.expiry(wanted.seed.slot)),
        options_.clock() + std::time_t{backends::Store::max_ttl.count()});
    held_.add({wanted.sealing, wanted.seed, std::move(record),
               TicketKey(*wanted.sealing, wanted.seed, seed), expires});
    return true;
}

Status Seeds::put_back(const TicketName& name) {
    const Held* held = held_.find(name);
    if (held == nullptr) {
        return Status::hit;
    }

    const Wanted wanted{held->sealing, held->seed};
    const std::string record = held->record;
    const auto ttl = ttl_until(held->expires);
    const std::string in_store = name_of(wanted);
    const Fetched found = options_.store.peek(in_store);
    Seed seed;

    if (found.status == Status::miss) {
        options_.store.add(in_store, record, ttl);
        options_.meter.put_back.add();
    } else if (found.status == Status::hit &&
               !read_seed_record(*wanted.sealing, wanted.seed, found.value,
                                 seed)) {
        options_.store.store(in_store, record, ttl);
        options_.meter.put_back.add();
        return Status::miss;
    } else if (found.status == Status::hit) {
        prolong(name, seed);
    }
    return found.status;
}

/* A node where tickets live longer needs the seed for longer than its maker. */
void Seeds::prolong(const TicketName& name, const Seed& seed) {
    Held* held = held_.find(name);
    if (held == nullptr || seed.expires >= held->expires) {
        return;
    }

    Seed longer{seed.bytes, held->expires};
    held->record = seed_record(*held->sealing, held->seed, longer);
    options_.store.store(name_of({held->sealing, held->seed}), held->record,
                         ttl_until(held->expires));
}

}  // namespace session_cache::tickets
