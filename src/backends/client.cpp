#include "backends/client.hpp"

#include <new>
#include <utility>

namespace backends {

Client::Client(coro::Scheduler& scheduler, Options options, Log log,
               std::string kind)
    : scheduler_(scheduler), options_(std::move(options)),
      journal_(std::move(log), std::move(kind)) {}

bool Client::start() noexcept {
    return scheduler_.start(
        {[](void* self) noexcept { static_cast<Client*>(self)->drive(); },
         this});
}

Fetched Client::fetch(std::string_view key) noexcept {
    Fetched result;

    if (!coro::in_coroutine()) {
        return result;
    }

    Status status = submit({.kind = Kind::get,
                            .key = key,
                            .waiter = {coro::next_wait(), &result}});
    if (status != Status::queued) {
        result.status = status;
        return result;
    }

    coro::wait();
    return result;
}

Status Client::store(std::string_view key, std::string_view value,
                     std::chrono::seconds ttl) noexcept {
    return submit({.kind = Kind::set, .key = key, .value = value, .ttl = ttl});
}

Status Client::erase(std::string_view key) noexcept {
    return submit({.kind = Kind::del, .key = key});
}

Status Client::submit(const Request& request) noexcept {
    if (!up_) {
        return Status::unavailable;
    }

    if (!has_room() || !enqueue(request)) {
        return Status::refused;
    }
    return Status::queued;
}

bool Client::has_room() {
    if (queued() < options_.count) {
        journal_.worked("queueing", now());
        return true;
    }

    journal_.failed("queueing", "full",
                    "queue is full: " + std::to_string(queued()), now());
    return false;
}

void Client::drive() noexcept {
    std::size_t failures = 0;

    for (;;) {
        Loss why = try_address();
        bool was_up = up_;
        lose(why);

        if (closing_) {
            break;
        }

        if (was_up) {
            failures = 0;
        } else {
            address_ = (address_ + 1) % options_.addresses.size();
            if (++failures < options_.addresses.size()) {
                continue;
            }
            failures = 0;
        }
        rest();
    }
}

Client::Loss Client::try_address() noexcept {
    try {
        journal_.at(options_.addresses[address_]);
        return attempt(options_.addresses[address_]);
    } catch (const std::bad_alloc&) {
        return "out of memory";
    }
}

void Client::lose(const Loss& why) noexcept {
    bool was_up = std::exchange(up_, false);

    if (!closing_) {
        journal_.lost(why, was_up);
    }
    disconnect();
}

void Client::rest() noexcept {
    resting_ = coro::next_wait();
    coro::wait(now() + options_.interval);
    resting_.reset();
}

void Client::close() noexcept {
    closing_ = true;

    if (resting_) {
        scheduler_.wake(*resting_, coro::Wake::cancelled);
    }
    lose({});
}

void Client::connected() {
    up_ = true;
    journal_.connected();
}

/* The waiter's frame is looked at only while it waits for just this. */
void Client::answer(const Waiter& waiter, Status status,
                    std::string_view value) {
    if (waiter.result == nullptr || !scheduler_.waiting(waiter.wait)) {
        return;
    }

    waiter.result->value.assign(value);
    waiter.result->status = status;
    scheduler_.wake(waiter.wait);
}

void Client::release(const Waiter& waiter) noexcept {
    if (waiter.result != nullptr) {
        scheduler_.wake(waiter.wait);
    }
}

}  // namespace backends
