#include "backends/gather.hpp"

namespace backends {

namespace {

constexpr std::chrono::microseconds limit{100};

}  // namespace

Gather::Gather(coro::Loop& loop, coro::Callback done)
    : done_(done),
      look_(loop.make_task(
          {[](void* self) noexcept { static_cast<Gather*>(self)->look(); },
           this})) {}

void Gather::add(bool urgent) noexcept {
    ++added_;
    urgent_ = urgent_ || urgent;

    if (!active_) {
        active_ = true;
        since_ = Clock::now();
        look_->post();
    }
}

void Gather::look() noexcept {
    if (added_ != 0 && !urgent_ && Clock::now() - since_ < limit) {
        added_ = 0;
        look_->post();
        return;
    }

    active_ = false;
    urgent_ = false;
    added_ = 0;
    done_();
}

}  // namespace backends
