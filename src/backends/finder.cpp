#include "backends/finder.hpp"

#include <algorithm>
#include <new>
#include <utility>

namespace backends {

Finder::Finder(coro::Scheduler& scheduler, const Options& options,
               Journal& journal, User& user)
    : scheduler_(scheduler), options_(options), journal_(journal), user_(user),
      places_(options.addresses),
      timer_(scheduler.loop().make_timer(
          {[](void* self) noexcept {
               static_cast<Finder*>(self)->begin_look();
           },
           this})) {}

/* `waker` names the wait while it lasts. Nothing if there was no answer, and
 * that is logged. */
std::optional<Resolved> Finder::ask(std::optional<coro::Waker>& waker) {
    waker = coro::next_wait();
    Resolved found;
    try {
        found = options_.resolver->resolve(options_.host, options_.port,
                                           now() + options_.timeout);
    } catch (const std::bad_alloc&) {
        found.error = "out of memory";
    }
    waker.reset();

    if (!found.addresses.empty()) {
        journal_.worked("resolving", now());
        return found;
    }
    if (!closed_) {
        journal_.failed("resolving", found.error,
                        {options_.host, ": ", found.error}, now());
    }
    return std::nullopt;
}

void Finder::take(Resolved found) {
    sort(found.addresses);
    if (found.is_sure) {
        places_.release();
    }
    places_.replace(std::move(found.addresses));
}

void Finder::look_up() noexcept {
    if (!is_named() || closed_ || now() < ask_from_) {
        return;
    }

    try {
        if (auto found = ask(resting_)) {
            take(std::move(*found));
            places_.restart(now());
        }
    } catch (const std::bad_alloc&) {
        resting_.reset(); /* what is known stays */
    }
}

void Finder::lost() noexcept {
    bool had = std::exchange(connected_, false);
    auto aim = std::exchange(aim_, std::nullopt);
    timer_->cancel();
    refuses_ = false;
    if (had) {
        ask_from_ = now() + random_.time(coro::Time(0), options_.spread);
    }

    try {
        if (aim) {
            places_.restart_at(*aim);
        } else if (had) {
            places_.restart(now());
        }
    } catch (const std::bad_alloc&) {
        return; /* the old address is tried */
    }
}

bool Finder::next() noexcept {
    try {
        return places_.next(now());
    } catch (const std::bad_alloc&) {
        return false;
    }
}

void Finder::connected() noexcept {
    ++connection_;
    connected_ = true;
    refuses_ = false;
    astray_ = false;
    pause_ = coro::Time{};
    rest();
}

/* Called for each such reply. The first one counts, until the address may be
 * asked again. */
void Finder::refused() noexcept {
    if (refuses_ && now() < held_until_) {
        return;
    }

    try {
        held_until_ = places_.hold(here(), now());
    } catch (const std::bad_alloc&) {
        return;
    }
    if (!std::exchange(refuses_, true)) {
        rest();
    }
}

void Finder::accepted() noexcept {
    refuses_ = false;
    pause_ = coro::Time{};
    places_.release(here());
}

/* Sets the time of the next look. */
void Finder::rest() noexcept {
    if (closed_ || !connected_ || looks_ ||
        (!is_named() && places_.size() < 2)) {
        return;
    }

    if (!refuses_ && !astray_) {
        pause_ = coro::Time{};
        timer_->set(now() + random_.time(calm, 2 * calm));
        return;
    }
    bool is_first = pause_ == coro::Time{};
    pause_ = std::min(std::max(2 * pause_, options_.interval), alarm);
    timer_->set(now() +
                random_.time(pause_ / 2, is_first
                                             ? std::max(pause_, options_.spread)
                                             : pause_));
}

void Finder::begin_look() noexcept {
    bool begun = scheduler_.start(
        {[](void* self) noexcept { static_cast<Finder*>(self)->look(); },
         this});
    if (!begun) {
        rest();
    }
}

void Finder::look() noexcept {
    looks_ = true;
    try {
        look_around();
    } catch (const std::bad_alloc&) {
        looking_.reset(); /* the next one may find more */
    }
    looks_ = false;
    rest();
}

/* The result is of use only to the present connection. */
void Finder::look_around() {
    auto connection = connection_;
    const auto lasts = [&] {
        return !closed_ && connected_ && connection_ == connection;
    };

    if (is_named()) {
        auto found = ask(looking_);
        if (!found || !lasts()) {
            return;
        }
        astray_ = found->is_sure;
        take(std::move(*found));
    }

    auto better = places_.better(now());
    astray_ = astray_ && !better.empty();
    for (Address& address : better) {
        Probed probed = user_.probe(address, now() + options_.timeout);
        if (!lasts()) {
            return;
        }
        if (probed == Probed::serves) {
            aim_ = std::move(address);
            user_.move();
            return;
        }
        if (probed == Probed::refuses) {
            places_.hold(address, now());
        }
    }
}

void Finder::close() noexcept {
    closed_ = true;
    timer_->cancel();

    for (const auto& waker : {resting_, looking_}) {
        if (waker) {
            scheduler_.wake(*waker, coro::Wake::cancelled);
        }
    }
    if (options_.resolver != nullptr) {
        options_.resolver->close();
    }
    user_.end_probe();
}

}  // namespace backends
