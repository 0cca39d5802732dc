#include "backends/outbox.hpp"

#include <cerrno>
#include <string_view>

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

void Outbox::cut() {
    cuts_.push_back(gone_ + bytes_.size());
}

void Outbox::uncut() noexcept {
    cuts_.pop_back();
}

/* The next cut after the first `sent` bytes. */
std::size_t Outbox::next_end(std::size_t sent) noexcept {
    while (!cuts_.empty() && cuts_.front() <= gone_ + sent) {
        cuts_.pop_front();
    }
    return cuts_.empty() ? bytes_.size() : cuts_.front() - gone_;
}

void Outbox::flush() noexcept {
    if (bytes_.empty() || !connection_.is_open()) {
        return;
    }

    std::size_t sent = 0;
    bool takes_more = true;
    while (takes_more && sent < bytes_.size()) {
        std::size_t end = next_end(sent);
        auto n = connection_.write(
            std::string_view(bytes_).substr(sent, end - sent));
        if (!n) {
            error_ = errno;
            break;
        }
        sent += *n;
        takes_more = sent == end;
    }

    bytes_.erase(0, sent);
    gone_ += sent;
    blocked_ = !bytes_.empty();
    if (blocked_) {
        connection_.wake();
    }
}

void Outbox::clear() noexcept {
    bytes_.clear();
    cuts_.clear();
    blocked_ = false;
    error_ = 0;
}

}  // namespace backends
