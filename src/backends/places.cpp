#include "backends/places.hpp"

#include <algorithm>
#include <cstring>
#include <netinet/in.h>
#include <tuple>
#include <utility>

namespace backends {

namespace {

/* The bytes that distinguish addresses of a family. Without the port, whose
 * place differs, and of which a name has only one. */
std::string_view bytes_of(const Address& address) noexcept {
    const auto* in = reinterpret_cast<const sockaddr_in*>(&address.storage);
    const auto* in6 = reinterpret_cast<const sockaddr_in6*>(&address.storage);

    switch (address.storage.ss_family) {
    case AF_INET:
        return {reinterpret_cast<const char*>(&in->sin_addr),
                sizeof(in->sin_addr)};
    case AF_INET6:
        return {reinterpret_cast<const char*>(&in6->sin6_addr),
                sizeof(in6->sin6_addr)};
    default:
        return address.text;
    }
}

bool precedes(const Address& a, const Address& b) noexcept {
    return std::make_tuple(a.storage.ss_family, bytes_of(a),
                           std::string_view(a.text)) <
           std::make_tuple(b.storage.ss_family, bytes_of(b),
                           std::string_view(b.text));
}

}  // namespace

void sort(std::vector<Address>& addresses) {
    std::sort(addresses.begin(), addresses.end(), precedes);
    addresses.erase(std::unique(addresses.begin(), addresses.end(), same),
                    addresses.end());
}

Places::Places(std::vector<Address> addresses) {
    replace(std::move(addresses));
    if (!empty()) {
        restart_at(addresses_.front());
    }
}

void Places::replace(std::vector<Address> addresses) {
    tried_.assign(addresses.size(), false);
    addresses_ = std::move(addresses);
}

void Places::restart(coro::Time now) {
    tried_.assign(addresses_.size(), false);
    pick(now);
}

void Places::restart_at(const Address& address) {
    here_ = Address(address); /* as a whole, or not at all */
    for (std::size_t i = 0; i < size(); ++i) {
        tried_[i] = same(addresses_[i], address);
    }
}

bool Places::next(coro::Time now) {
    if (pick(now)) {
        return true;
    }
    restart(now);
    return false;
}

/* Addresses that have refused come last, in the order in which they may be
 * asked again. */
bool Places::pick(coro::Time now) {
    std::size_t best = size();
    coro::Time best_until{};

    for (std::size_t i = 0; i < size(); ++i) {
        coro::Time until = std::max(held_until(addresses_[i]), now);
        if (!tried_[i] && (best == size() || until < best_until)) {
            best = i;
            best_until = until;
        }
    }

    if (best == size()) {
        return false;
    }
    here_ = Address(addresses_[best]); /* likewise */
    tried_[best] = true;
    return true;
}

std::vector<Places::Hold>::const_iterator
Places::find(const Address& address) const noexcept {
    return std::find_if(holds_.begin(), holds_.end(), [&](const Hold& hold) {
        return hold.text == address.text;
    });
}

coro::Time Places::held_until(const Address& address) const noexcept {
    auto hold = find(address);
    return hold != holds_.end() ? hold->until : coro::Time{};
}

bool Places::is_held(const Address& address, coro::Time now) const noexcept {
    return held_until(address) > now;
}

/* Forgets addresses that were left alone for as long again, so that they start
 * with a short hold. */
void Places::forget(coro::Time now) noexcept {
    holds_.erase(std::remove_if(holds_.begin(), holds_.end(),
                                [&](const Hold& hold) {
                                    return hold.until + 2 * hold.length <= now;
                                }),
                 holds_.end());
    if (holds_.size() >= max_holds) {
        holds_.erase(holds_.begin());
    }
}

coro::Time Places::hold(const Address& address, coro::Time now) {
    forget(now);

    auto known = find(address);
    if (known == holds_.end()) {
        holds_.push_back({address.text, now + first_hold, first_hold});
        return holds_.back().until;
    }

    Hold& hold = holds_[static_cast<std::size_t>(known - holds_.begin())];
    if (hold.until <= now) {
        hold.length = std::min(2 * hold.length, longest_hold);
        hold.until = now + hold.length;
    }
    return hold.until;
}

void Places::release(const Address& address) noexcept {
    auto known = find(address);
    if (known != holds_.end()) {
        holds_.erase(known);
    }
}

std::vector<Address> Places::better(coro::Time now) const {
    bool content = !is_held(here_, now);
    std::vector<Address> found;

    for (const Address& address : addresses_) {
        if (same(address, here_)) {
            if (content) {
                break;
            }
        } else if (!is_held(address, now)) {
            found.push_back(address);
        }
    }
    return found;
}

bool Places::has_other(coro::Time now) const noexcept {
    for (std::size_t i = 0; i < size(); ++i) {
        if (!tried_[i] && !is_held(addresses_[i], now)) {
            return true;
        }
    }
    return false;
}

}  // namespace backends
