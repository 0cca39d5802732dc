#include "backends/client.hpp"

#include <algorithm>
#include <new>
#include <utility>

namespace backends {

Client::Client(coro::Scheduler& scheduler, Options options, Log log,
               std::string kind)
    : scheduler_(scheduler), options_(std::move(options)),
      meter_(options_.meter != nullptr ? *options_.meter : unread_),
      journal_(std::move(log), std::move(kind)),
      start_timer_(scheduler_.loop().make_timer(
          {[](void* self) noexcept {
               static_cast<Client*>(self)->start_took_long();
           },
           this})),
      finder_(scheduler_, options_, journal_, *this) {
    meter_.clock_at = options_.surveyed ? 0 : -1;
    if (finder_.empty()) { /* only a name is known */
        Address name{};
        name.text = options_.host;
        journal_.at(name);
    }
}

void Client::start() noexcept {
    begin_start();
    scheduler_.start(
        {[](void* self) noexcept { static_cast<Client*>(self)->drive(); },
         this});
}

void Client::start_took_long() noexcept {
    moving_ = false; /* too busy to move */
    end_start(up_ ? Status::queued : Status::down);
    if (!driving_ && !closing_) {
        start();
    }
}

Fetched Client::fetch(std::string_view key, coro::Time deadline) noexcept {
    Fetched result = ask({.kind = Kind::get, .key = key}, deadline);

    meter_.measure(result.status, result.took, result.value.size());
    return result;
}

Fetched Client::peek(std::string_view key) noexcept {
    return ask({.kind = Kind::get, .key = key});
}

Addition Client::add(std::string_view key, std::string_view value,
                     std::chrono::seconds ttl) noexcept {
    return addition(
        ask({.kind = Kind::add, .key = key, .value = value, .ttl = ttl})
            .status);
}

/* The value is of no significance. */
Claimed Client::claim(std::string_view key, std::chrono::seconds ttl,
                      coro::Time deadline) noexcept {
    Fetched result = ask(claim_of(key, ttl), deadline);

    return {addition(result.status), footing(), result.took};
}

void Client::bound(Request& request) const noexcept {
    request.ttl = std::min(request.ttl, max_ttl);
    request.deadline = now() + options_.timeout;
}

/* The command may outlast its waiter. `deadline` is not the store's fault. And
 * a command that was held back comes after others, which may expire later. */
Fetched Client::ask(Request request, coro::Time deadline) noexcept {
    return await(
        [&](const Waiter& waiter) {
            return submit(std::move(request), waiter);
        },
        std::min(deadline, now() + options_.timeout));
}

/* Nobody shares an add, or a lookup that began before one. */
Status Client::submit(Request request, const Waiter& waiter) noexcept {
    try {
        bool shared = request.kind == Kind::get;
        if (shared && lookups_.join(request.key, waiter)) {
            return Status::queued;
        }

        Status status = admit(up_ || starting_);
        if (status != Status::queued) {
            return status;
        }

        request.lookup =
            std::make_unique<Lookup>(lookups_, request.key, waiter);
        if (!shared) {
            request.lookup->close();
        }
        request.key = request.lookup->key();
        bound(request);
        return begin_or_keep(std::move(request));
    } catch (const std::bad_alloc&) {
        return Status::busy;
    }
}

Status Client::begin_or_keep(Request request) {
    if (!starting_) {
        return begin(std::move(request));
    }
    early_.push_back(std::move(request));
    count_queue();
    return Status::queued;
}

/* Nobody can join it here: only its waiters were redirected. */
bool Client::take_over(Request& request) noexcept {
    request.lookup->close();
    if (admit(up_ || starting_) != Status::queued) {
        return false;
    }

    try {
        bound(request);
        early_.reserve(early_.size() + 1);
        begin_or_keep(std::move(request));
        return true;
    } catch (const std::bad_alloc&) {
        return false;
    }
}

/* A refusal is the answer for its waiters. */
Status Client::begin(Request request) noexcept {
    if (enqueue(request)) {
        count_queue();
        return Status::queued;
    }
    answer(request.lookup.get(), Status::busy);
    return Status::busy;
}

void Client::begin_start() noexcept {
    meter_.note(Meter::State::connecting);
    hold_back();
}

/* A lookup waits no longer at this time than at any other. */
void Client::hold_back() noexcept {
    starting_ = true;
    start_timer_->set(now() + std::min(options_.interval, options_.timeout));
}

/*
 * A worker's first requests wait for its first connection, because otherwise
 * each reload would cost resumptions. They wait for at most an interval. The
 * value of an add belongs to its caller, and is valid while that waits.
 */
void Client::end_start(Status status) noexcept {
    starting_ = false;
    start_timer_->cancel();

    for (Request& request : std::exchange(early_, {})) {
        if (request.lookup == nullptr) {
            end_early(std::move(request), status);
        } else if (status != Status::queued) {
            answer(request.lookup.get(), status);
        } else if (request.kind == Kind::get || is_awaited(*request.lookup)) {
            begin(std::move(request));
        }
    }
    count_queue();
}

void Client::end_early(Request change, Status status) noexcept {
    bool begun = status == Status::queued && enqueue(change);
    if (!begun) {
        count(change.kind,
              status == Status::queued ? Change::busy : Change::down);
    }
}

bool Client::is_awaited(const Lookup& lookup) const noexcept {
    return std::any_of(lookup.waiters().begin(), lookup.waiters().end(),
                       [this](const Waiter& waiter) {
                           return scheduler_.waiting(waiter.wait);
                       });
}

Status Client::store(std::string_view key, std::string_view value,
                     std::chrono::seconds ttl) noexcept {
    return change({.kind = Kind::set, .key = key, .value = value, .ttl = ttl});
}

Status Client::erase(std::string_view key) noexcept {
    return change({.kind = Kind::del, .key = key});
}

/* A request after a change must not join a lookup that was sent before it. A
 * change that has its bytes waits for a first connection, as lookups do. */
Status Client::change(Request request) noexcept {
    Kind kind = request.kind;
    bool waits = starting_ && request.kept != nullptr;
    Status status = admit(up_ || waits);
    bound(request);

    if (status == Status::queued) {
        lookups_.close(request.key);
        bool begun = waits ? keep(std::move(request)) : enqueue(request);
        status = begun ? status : Status::busy;
    }

    if (status == Status::queued) {
        count_queue();
    } else {
        count(kind, status == Status::down ? Change::down : Change::busy);
    }
    return status;
}

bool Client::keep(Request change) noexcept {
    change.key = change.kept->key();
    change.value = change.kept->value();
    try {
        early_.push_back(std::move(change));
        return true;
    } catch (const std::bad_alloc&) {
        return false;
    }
}

void Client::count(Kind kind, Change change) noexcept {
    Changes& changes = kind == Kind::set ? meter_.stores : meter_.erases;
    changes[static_cast<std::size_t>(change)].add();
}

void Client::count_queue() noexcept {
    meter_.queue.set(length());
    if (options_.queued != nullptr) {
        *options_.queued += length() - shared_;
        shared_ = length();
    }
}

Status Client::admit(bool available) noexcept {
    if (!available) {
        return Status::down;
    }
    return has_room() ? Status::queued : Status::busy;
}

bool Client::has_room() noexcept {
    std::size_t length =
        options_.queued != nullptr ? *options_.queued : this->length();
    bool room = length < options_.count;

    if (room) {
        journal_.worked("queueing", now());
    } else { /* so short a string allocates nothing */
        journal_.failed("queueing", "full",
                        {"queue is full: ", std::to_string(length)}, now());
    }
    return room;
}

void Client::drive() noexcept {
    driving_ = true;
    if (finder_.empty()) {
        finder_.look_up();
    }

    while (!closing_) {
        if (!is_needed()) {
            sleep();
            continue;
        }

        if (visit()) {
            continue;
        }
        end_start(Status::down);
        tell_lost();
        if (is_needed()) {
            rest();
            finder_.look_up();
        }
    }
    driving_ = false;
}

void Client::tell_lost() noexcept {
    if (!closing_ && options_.lost != nullptr) {
        options_.lost();
    }
}

/* Serves at one address for as long as possible. Returns whether to try the
 * finder's next one at once. */
bool Client::visit() noexcept {
    if (finder_.empty()) {
        meter_.note(Meter::State::down);
        return false;
    }

    Loss loss = try_address();
    bool was_up = up_;
    bool moves = moving_;
    if (loss.refused) {
        finder_.refused();
    }
    lose(loss);
    if (!was_up) {
        return finder_.next();
    }
    if (moves && loss.empty()) {
        journal_.left(finder_.here(), now());
    }
    return loss.empty();
}

/* Lookups that wake it wait as a worker's first ones do. */
void Client::sleep() noexcept {
    end_start(Status::down);
    meter_.note(Meter::State::closed);
    asleep_ = true;
    resting_ = coro::next_wait();
    coro::wait();
    resting_.reset();
    asleep_ = false;
}

void Client::reconsider() noexcept {
    if (closing_) {
        return;
    }

    if (!asleep_) {
        nudge();
    } else if (is_needed() && !starting_) {
        begin_start();
        scheduler_.wake(*resting_);
    }
}

Client::Loss Client::try_address() noexcept {
    try {
        journal_.at(finder_.here());
        return attempt(finder_.here());
    } catch (const std::bad_alloc&) {
        return {"out of memory"};
    }
}

/* New lookups wait for the next connection. The client still waits for answers
 * to those that were sent. */
void Client::move() noexcept {
    if (closing_ || !up_ || starting_) {
        return;
    }
    moving_ = true;
    hold_back();
    nudge();
}

void Client::lose(const Loss& loss) noexcept {
    bool was_up = std::exchange(up_, false);

    moving_ = false;
    finder_.lost();
    meter_.note(closing_ ? Meter::State::closed : Meter::State::down);
    if (was_up && !loss.empty()) {
        meter_.losses.add();
    }
    if (!closing_ && !loss.empty()) {
        meter_.went_wrong(loss.why);
        journal_.lost(loss.why, was_up, now());
    }
    disconnect(loss.status);
    count_queue();
}

/*
 * Up to half an interval less, at random, so that a fleet that has lost its
 * store does not come back all at once.
 */
void Client::rest() noexcept {
    if (closing_) {
        return;
    }

    coro::Time longest = options_.interval;
    resting_ = coro::next_wait();
    coro::wait(now() + random_.time(longest - longest / 2, longest));
    resting_.reset();
}

void Client::close() noexcept {
    closing_ = true;
    end_start(Status::down);

    if (resting_) {
        scheduler_.wake(*resting_, coro::Wake::cancelled);
    }
    finder_.close();
    lose({});
}

void Client::connected(std::string_view version) {
    up_ = true;
    meter_.connects.add();
    meter_.failing = 0;
    meter_.wrong_since = 0;
    finder_.connected();
    meter_.note(Meter::State::up);
    journal_.connected(version, now());
    end_start(Status::queued);
    if (options_.connected != nullptr) {
        options_.connected();
    }
}

/* A waiter's frame is touched only while it waits for exactly this. */
void Client::answer(Lookup* lookup, Status status,
                    std::string_view value) noexcept {
    if (lookup == nullptr) {
        return;
    }

    lookup->close();
    for (const Waiter& waiter : lookup->waiters()) {
        if (!scheduler_.waiting(waiter.wait)) {
            continue;
        }

        try {
            waiter.result->value.assign(value);
            waiter.result->status = status;
        } catch (const std::bad_alloc&) {
            waiter.result->value.clear();
            waiter.result->status = Status::busy; /* only for this one */
        }
        if (status == Status::down) {
            scheduler_.release(waiter.wait); /* as all who wait here */
        } else {
            scheduler_.wake(waiter.wait);
        }
    }
}

}  // namespace backends
