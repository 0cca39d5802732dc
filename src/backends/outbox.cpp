#include "backends/outbox.hpp"

#include <cerrno>

namespace backends {

namespace {

/* So many urgent commands a millisecond leave at once. */
constexpr unsigned max_urgent = 2;

/* How long the others may be gathered. */
constexpr std::chrono::microseconds gather_limit{100};

}  // namespace

Outbox::Outbox(coro::Scheduler& scheduler, coro::Stream& stream)
    : scheduler_(scheduler), stream_(stream),
      gather_(scheduler.loop().make_task(
          {[](void* self) noexcept { static_cast<Outbox*>(self)->gather(); },
           this})) {}

void Outbox::queued(bool urgent) noexcept {
    if (blocked_) {
        return;
    }

    if (urgent && may_leave_now()) {
        flush();
        return;
    }

    if (!gathering_) {
        gathering_ = true;
        gathered_ = 0;
        since_ = Clock::now();
        gather_->post();
    }
}

bool Outbox::may_leave_now() noexcept {
    coro::Time now = scheduler_.loop().now();

    if (now != urgent_at_) {
        urgent_at_ = now;
        urgent_ = 0;
    }
    return urgent_++ < max_urgent;
}

/*
 * Runs after each turn of the loop, until one brought nothing more. The
 * turns between do not block.
 */
void Outbox::gather() noexcept {
    if (bytes_.size() != gathered_ && Clock::now() - since_ < gather_limit) {
        gathered_ = bytes_.size();
        gather_->post();
        return;
    }

    gathering_ = false;
    flush();
}

void Outbox::flush() noexcept {
    if (bytes_.empty() || !stream_.is_open()) {
        return;
    }

    auto n = stream_.write(bytes_);
    if (n) {
        bytes_.erase(0, *n);
    } else {
        error_ = errno;
    }

    blocked_ = !bytes_.empty();
    if (blocked_) {
        stream_.wake();
    }
}

void Outbox::clear() noexcept {
    bytes_.clear();
    blocked_ = false;
    error_ = 0;
}

}  // namespace backends
