#include "backends/outbox.hpp"

#include <cerrno>

namespace backends {

namespace {

/* So many urgent commands a millisecond leave at once. */
constexpr unsigned max_urgent = 2;

}  // namespace

Outbox::Outbox(coro::Scheduler& scheduler, coro::Stream& stream)
    : scheduler_(scheduler), stream_(stream),
      gather_(scheduler.loop(),
              {[](void* self) noexcept { static_cast<Outbox*>(self)->flush(); },
               this}) {}

void Outbox::queued(bool urgent) noexcept {
    if (blocked_) {
        return;
    }

    if (urgent && may_leave_now()) {
        flush();
        return;
    }

    gather_.add();
}

bool Outbox::may_leave_now() noexcept {
    coro::Time now = scheduler_.loop().now();

    if (now != urgent_at_) {
        urgent_at_ = now;
        urgent_ = 0;
    }
    return urgent_++ < max_urgent;
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
