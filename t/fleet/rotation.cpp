#include "fleet/rotation.hpp"

#include <algorithm>

namespace fleet {

void Rotation::enter(const support::Address& address) {
    const std::lock_guard lock(mutex_);
    places_.push_back(std::make_shared<Place>(Place{address}));
}

void Rotation::leave(const support::Address& address) {
    std::unique_lock lock(mutex_);
    const auto found =
        std::find_if(places_.begin(), places_.end(), [&](const auto& place) {
            return place->address.text() == address.text();
        });
    const auto place = *found;
    places_.erase(found);
    ended_.wait(lock, [&] { return place->visits == 0; });
}

Rotation::Lease Rotation::visit(std::mt19937& random) {
    const std::lock_guard lock(mutex_);
    std::uniform_int_distribution<std::size_t> any(0, places_.size() - 1);
    const auto& place = places_[any(random)];
    ++place->visits;
    return {*this, place};
}

void Rotation::end_visit(Place& place) {
    const std::lock_guard lock(mutex_);
    --place.visits;
    ended_.notify_all();
}

}  // namespace fleet
