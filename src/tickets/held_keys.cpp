#include "tickets/held_keys.hpp"

#include <algorithm>
#include <utility>

namespace session_cache::tickets {

Held* HeldKeys::find(const TicketName& name) noexcept {
    auto found = keys_.find(name);
    return found != keys_.end() ? &found->second : nullptr;
}

Held& HeldKeys::add(Held&& held) {
    const TicketName name = held.key.name();
    if (Held* known = find(name)) {
        return *known;
    }

    if (keys_.size() == most) {
        auto first = std::ranges::min_element(
            keys_, {}, [](const auto& entry) { return entry.second.expires; });
        remove(first->first);
    }

    auto entry = keys_.try_emplace(name, std::move(held)).first;
    count(1);
    return entry->second;
}

void HeldKeys::remove(const TicketName& name) noexcept {
    count(-keys_.erase(name));
}

void HeldKeys::drop_expired(std::time_t now) noexcept {
    count(-std::erase_if(keys_, [now](const auto& entry) {
        return entry.second.expires <= now;
    }));
}

}  // namespace session_cache::tickets
