#include "tickets/keyring.hpp"

#include <algorithm>
#include <array>
#include <new>
#include <string>
#include <utility>

namespace session_cache::tickets {

using backends::Level;
using backends::Status;

namespace {

/* The longest pause between attempts while the store does not answer. */
constexpr coro::Time longest_pause{8000};

/* How often to check whether the store has forgotten something. */
constexpr coro::Time most_often{10000};
constexpr coro::Time least_often{3600000};

/* How many seeds in a row have to be there before a worker stops looking,
 * besides those in use. Each worker draws anew, so a fleet looks everywhere. */
constexpr std::size_t enough_in_a_row = 4;

/*
 * For how many slots ahead there are keys. Workers ask for the last of these
 * within half a slot. So at least a slot passes between the first worker's
 * getting it and its use. If the store is away no longer than that, everybody
 * has the key in time.
 */
constexpr int slots_ahead = 2;

/* How many seeds may be asked for while nobody waits. */
constexpr std::size_t most_later = 64;

bool is_answer(Status status) {
    return status == Status::hit || status == Status::miss;
}

std::string time_text(std::time_t time) {
    std::array<char, sizeof("2026-01-01T00:00:00Z")> text{};
    std::tm parts{};

    gmtime_r(&time, &parts);
    std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
    return text.data();
}

}  // namespace

Keyring::Keyring(Options options)
    : options_(std::move(options)), held_(options_.meter),
      seeds_(options_, held_), asks_first_(makes()),
      timer_(options_.scheduler.loop().make_timer(
          {[](void* self) noexcept {
               static_cast<Keyring*>(self)->tend_soon();
           },
           this})) {}

bool Keyring::is_of(const Options& options) const noexcept {
    return &options_.store == &options.store &&
           options_.prefix == options.prefix &&
           options_.rotate == options.rotate &&
           are_same(options_.keys, options.keys);
}

std::optional<TicketName> Keyring::in_use(const Slot& slot) const noexcept {
    auto found = in_use_.find(slot.start);
    return found != in_use_.end() ? std::optional(found->second) : std::nullopt;
}

const TicketKey* Keyring::current() noexcept {
    if (!makes()) {
        return nullptr;
    }

    const Slot slot = slot_now();
    if (slot != entered_ && !tending_) {
        timer_->set(loop_now()); /* the clock may have jumped */
    }

    auto after = in_use_.upper_bound(slot.start);
    if (after == in_use_.begin()) {
        return nullptr;
    }

    const Held* held = held_.find(std::prev(after)->second);
    bool is_usable =
        held != nullptr && now() < options_.lifetimes.last_use(held->seed.slot);
    return is_usable ? &held->key : nullptr;
}

const TicketKey* Keyring::find(const TicketName& name) noexcept {
    const Held* held = held_.find(name);
    return held != nullptr && now() < held->expires ? &held->key : nullptr;
}

std::optional<Age> Keyring::age_of(const TicketName& name) noexcept {
    const Held* held = held_.find(name);
    if (held == nullptr) {
        return std::nullopt;
    }

    const Slot& slot = held->seed.slot;
    std::time_t time = now();

    if (time < slot.end()) {
        return Age::current;
    }
    return time < slot.end() + slot.length ? Age::previous : Age::older;
}

std::optional<Wanted> Keyring::want(const TicketName& name) noexcept {
    try {
        for (const SealingKey& key : options_.keys) {
            auto seed = read_ticket_name(key, name);
            if (seed) {
                bool may_live = now() < options_.lifetimes.expiry(seed->slot);
                return may_live ? std::optional(Wanted{&key, *seed})
                                : std::nullopt;
            }
        }
    } catch (const std::bad_alloc&) {
        return std::nullopt;
    }
    return std::nullopt;
}

Status Keyring::fetch(const Wanted& wanted, coro::Time deadline) noexcept {
    try {
        return seeds_.fetch(wanted, deadline);
    } catch (const std::bad_alloc&) {
        return Status::busy;
    }
}

void Keyring::fetch_later(const Wanted& wanted) noexcept {
    if (later_.size() == most_later ||
        std::ranges::find(later_, wanted) != later_.end()) {
        return;
    }
    try {
        later_.push_back(wanted);
    } catch (const std::bad_alloc&) {
        return;
    }
    timer_->set(loop_now()); /* not here, where the caller cannot wait */
}

void Keyring::await(coro::Time deadline) noexcept {
    if (!is_awaited()) {
        return;
    }
    try {
        waiting_.push_back(coro::next_wait());
    } catch (const std::bad_alloc&) {
        return;
    }
    coro::wait(deadline);
}

/* Wakes all who wait. For those that are gone by now, nothing happens. */
void Keyring::release() noexcept {
    asks_first_ = false;
    for (coro::Waker waker : std::exchange(waiting_, {})) {
        options_.scheduler.wake(waker);
    }
}

void Keyring::connected() noexcept {
    seeds_.forget_unfound();
    check_at_ = loop_now();
    retry_at_ = loop_now();
    pause_ = coro::Time(0);
    tend_soon();
}

/* One coroutine at a time, which lives while there is something to ask. */
void Keyring::tend_soon() noexcept {
    if (tending_) {
        again_ = true;
        return;
    }
    if (!options_.wanted()) {
        return;
    }

    tending_ = true;
    bool started = options_.scheduler.start(
        {[](void* self) noexcept { static_cast<Keyring*>(self)->tend(); },
         this});
    if (!started) {
        tending_ = false;
        timer_->set(loop_now() + options_.interval);
    }
}

void Keyring::tend() noexcept {
    do {
        again_ = false;
        try {
            tend_once();
        } catch (const std::bad_alloc&) {
            retry_at_ = loop_now() + longest_pause;
        }
        release();
    } while (again_ && options_.wanted());

    tending_ = false;
    schedule();
}

void Keyring::tend_once() {
    held_.drop_expired(now());
    std::erase_if(in_use_, [this](const auto& entry) {
        return held_.find(entry.second) == nullptr;
    });

    if (makes()) {
        tend_slots();
        const TicketKey* key = current();
        options_.meter.slot =
            key != nullptr ? held_.find(key->name())->seed.slot.start : 0;
    }
    load_later();
}

/* If the store does not answer, the next clients ask again. */
void Keyring::load_later() {
    while (!later_.empty()) {
        const Wanted wanted = later_.back();
        later_.pop_back();
        bool is_held =
            held_.find(ticket_name(*wanted.sealing, wanted.seed)) != nullptr;
        if (!is_held && !is_answer(seeds_.fetch(wanted, coro::never))) {
            later_.clear();
        }
    }
}

void Keyring::tend_slots() {
    const Slot slot = slot_now();
    if (slot != entered_) {
        enter(slot);
    }

    while (loop_now() >= retry_at_) {
        auto wanted = lacking();
        if (!wanted) {
            break;
        }
        asks_first_ = current() == nullptr;
        settle_or_retry(*wanted);
        release();
        if (*wanted == slot) {
            in_use(slot) ? take(slot) : tell_late(slot);
        }
    }
    if (loop_now() >= check_at_) {
        check();
    }
}

/* The first slot whose key should be there, and is not. */
std::optional<Slot> Keyring::lacking() const noexcept {
    Slot slot = slot_now();

    for (int ahead = 0; ahead <= slots_ahead; ++ahead, slot = slot.next()) {
        bool is_due = ahead < slots_ahead || now() >= ahead_at_;
        if (is_due && !in_use(slot)) {
            return slot;
        }
    }
    return std::nullopt;
}

/*
 * Each worker asks for the last slot ahead at a random time in the present
 * slot's second half, so that a fleet does not ask at once.
 */
void Keyring::enter(const Slot& slot) {
    const bool is_first = entered_ == Slot{};
    const coro::Time span(slot.length * 400); /* of its milliseconds */

    entered_ = slot;
    ahead_at_ = slot.start + slot.length / 2 +
                random_.time(coro::Time(0), span).count() / 1000;

    if (!is_first) {
        options_.meter.rotated.add();
    }
    if (in_use(slot)) {
        take(slot);
    } else if (!is_first) {
        options_.meter.late.add();
    }
}

void Keyring::take(const Slot& slot) {
    options_.log(std::exchange(is_late_, false) ? Level::error : Level::notice,
                 "tickets are made with the key of the slot from " +
                     time_text(slot.start) + " on");
}

void Keyring::tell_late(const Slot& slot) {
    if (std::exchange(is_late_, true)) {
        return;
    }
    options_.log(Level::error,
                 "the store tells no ticket key of the slot from " +
                     time_text(slot.start) + " on, so " +
                     (current() != nullptr
                          ? "that of an earlier one goes on for now"
                          : "no tickets are made for now"));
}

void Keyring::settle_or_retry(const Slot& slot) {
    if (settle(slot)) {
        pause_ = coro::Time(0);
        return;
    }

    const coro::Time least(options_.interval);
    pause_ = std::clamp(2 * pause_, least, std::max(longest_pause, least));
    retry_at_ = loop_now() + pause_ - random_.time(coro::Time(0), pause_ / 2);
}

bool Keyring::settle(const Slot& slot) {
    auto name = seeds_.settle(slot, in_use(slot));

    if (name) {
        in_use_.insert_or_assign(slot.start, *name);
    }
    return name.has_value();
}

/* Checks the keys that make tickets now and later, and some of those that made
 * them. */
void Keyring::check() {
    constexpr coro::Time::rep per_slot = 4;
    const coro::Time length(options_.rotate);
    const coro::Time most =
        std::clamp(length / per_slot, most_often, least_often);
    check_at_ = loop_now() + most - random_.time(coro::Time(0), most / 4);

    std::set<TicketName> done;
    Slot slot = slot_now();
    for (int ahead = 0; ahead <= slots_ahead; ++ahead, slot = slot.next()) {
        auto name = in_use(slot);
        if (name && settle(slot)) {
            seeds_.put_back(*name);
            done.insert(*name);
        }
    }
    put_some_back(done);
}

/* Until enough in a row are there. Skips those that were just put back. */
void Keyring::put_some_back(const std::set<TicketName>& done) {
    std::vector<TicketName> names;

    for (const auto& [name, held] : held_) {
        if (!done.contains(name)) {
            names.push_back(name);
        }
    }
    std::ranges::shuffle(names, random_);

    std::size_t in_a_row = 0;
    for (const TicketName& name : names) {
        Status status = seeds_.put_back(name);
        in_a_row = status == Status::hit ? in_a_row + 1 : 0;
        if (!is_answer(status) || in_a_row == enough_in_a_row) {
            return;
        }
    }
}

void Keyring::schedule() noexcept {
    constexpr coro::Time at_least{1000};
    constexpr coro::Time at_most{60000};
    coro::Time next = loop_now() + at_most;
    const auto add = [&](coro::Time time) {
        next = std::min(next, std::max(time, loop_now()));
    };
    const auto add_time_of_day = [&](std::time_t time) {
        add(loop_now() + coro::Time(std::chrono::seconds(time - now())));
    };

    if (makes()) {
        const Slot slot = slot_now();
        bool is_ahead = now() < ahead_at_;

        add_time_of_day(is_ahead ? ahead_at_ : slot.end());
        add(std::max(check_at_, loop_now() + at_least));
        if (lacking()) {
            add(retry_at_);
        }
    }
    timer_->set(next);
}

}  // namespace session_cache::tickets
