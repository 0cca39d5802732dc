#include "backends/lookups.hpp"

namespace backends {

Lookup::Lookup(Lookups& all, std::string_view key, const Waiter& first)
    : all_(&all), key_(key), waiters_{first} {
    all_->open_.insert_or_assign(key_, this);
}

void Lookup::close() noexcept {
    if (all_ == nullptr) {
        return;
    }

    auto open = all_->open_.find(key_);
    if (open != all_->open_.end() && open->second == this) {
        all_->open_.erase(open);
    }
    all_ = nullptr;
}

bool Lookups::join(std::string_view key, const Waiter& waiter) {
    auto open = open_.find(key);

    if (open == open_.end()) {
        return false;
    }
    open->second->waiters_.push_back(waiter);
    return true;
}

void Lookups::close(std::string_view key) noexcept {
    open_.erase(key);
}

}  // namespace backends
