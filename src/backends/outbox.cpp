#include "backends/outbox.hpp"

#include <cerrno>

namespace backends {

Outbox::Outbox(coro::Loop& loop, Connection& connection)
    : connection_(connection),
      gather_(loop,
              {[](void* self) noexcept { static_cast<Outbox*>(self)->flush(); },
               this}) {}

void Outbox::queued(bool urgent) noexcept {
    if (!blocked_) {
        gather_.add(urgent);
    }
}

void Outbox::flush() noexcept {
    if (bytes_.empty() || !connection_.is_open()) {
        return;
    }

    auto n = connection_.write(bytes_);
    if (n) {
        bytes_.erase(0, *n);
    } else {
        error_ = errno;
    }

    blocked_ = !bytes_.empty();
    if (blocked_) {
        connection_.wake();
    }
}

void Outbox::clear() noexcept {
    bytes_.clear();
    blocked_ = false;
    error_ = 0;
}

}  // namespace backends
