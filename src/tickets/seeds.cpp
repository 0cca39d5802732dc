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

/* A second at least: the store takes no less, and it is soon gone. */
std::chrono::seconds Seeds::ttl_until(std::time_t expires) const noexcept {
    std::chrono::seconds left(expires - options_.clock());
    return std::clamp(left, std::chrono::seconds(1), backends::Store::max_ttl);
}

std::optional<TicketName> Seeds::settle(const Slot& slot,
                                        std::optional<TicketName> mine) {
    TicketName theirs;
    Chosen chosen = read_chosen(slot);
    Status status = have(slot, chosen, theirs);

    if (status == Status::miss) {
        if (!mine) {
            mine = candidate(slot);
        }
        if (!mine) {
            return std::nullopt;
        }
        choose(*mine, chosen.exists);
        status = have(slot, read_chosen(slot), theirs);
    }
    if (status != Status::hit) {
        return std::nullopt;
    }

    if (theirs != mine) {
        withdraw(slot);
    }
    candidates_.erase(slot.start);
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

/* Whether there is a key for what was chosen, as fetch() says it. */
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

/* A key of our own for a slot, whose seed is in the store, for all to have. */
std::optional<TicketName> Seeds::candidate(const Slot& slot) {
    auto known = candidates_.find(slot.start);
    TicketName name = known != candidates_.end() ? known->second : make(slot);
    Held* held = held_.find(name);

    if (held != nullptr && leave(*held)) {
        candidates_[slot.start] = name;
        return name;
    }
    candidates_.erase(slot.start);
    held_.remove(name);
    return std::nullopt;
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

/* Whether the seed is there, and is this one. */
bool Seeds::leave(const Held& held) {
    const std::string name = name_of({held.sealing, held.seed});
    const std::string record = held.record;

    switch (options_.store.add(name, record, ttl_until(held.expires))) {
    case Addition::added:
        return true;
    case Addition::exists:
        return options_.store.peek(name).value == record;
    default:
        return false;
    }
}

/* Where there is a record that makes no sense any more, nobody's add() would
 * ever replace it. Of several who do so at a time the last one is read. */
void Seeds::choose(const TicketName& mine, bool exists) {
    const Held* held = held_.find(mine);
    if (held == nullptr) {
        return;
    }

    const std::string name =
        slot_record_name(options_.prefix, primary(), held->seed.slot);
    const std::string record = slot_record(primary(), held->seed);
    const auto ttl = ttl_until(held->expires);

    if (exists) {
        options_.store.store(name, record, ttl);
    } else {
        options_.store.add(name, record, ttl);
    }
}

/* The seed that was not chosen: there is no ticket of it. */
void Seeds::withdraw(const Slot& slot) {
    auto candidate = candidates_.find(slot.start);
    if (candidate == candidates_.end()) {
        return;
    }

    const Held* held = held_.find(candidate->second);
    if (held != nullptr) {
        options_.store.erase(name_of({held->sealing, held->seed}));
    }
    held_.remove(candidate->second);
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

/* False: the record is not what was once written there. */
bool Seeds::hold(const Wanted& wanted, std::string&& record) {
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

void Seeds::put_back(const TicketName& name) {
    const Held* held = held_.find(name);
    if (held == nullptr) {
        return;
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
    } else if (found.status == Status::hit) {
        prolong(name, seed);
    }
}

/* Nodes where tickets live longer need it for longer than who has made it. */
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
