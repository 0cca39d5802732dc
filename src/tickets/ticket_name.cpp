#include "tickets/ticket_name.hpp"
#include "numbers/big_endian.hpp"

#include <algorithm>

namespace session_cache::tickets {

namespace {

std::uint32_t nth_number(const TicketName& plain, std::size_t n) {
    constexpr std::size_t size = sizeof(std::uint32_t);
    return static_cast<std::uint32_t>(
        numbers::read_big_endian(Bytes(plain).subspan(n * size, size)));
}

}  // namespace

SeedNameBytes packed(const SeedName& seed) noexcept {
    SeedNameBytes bytes;
    auto* to = bytes.data();

    for (auto number : {seed.slot.start, seed.slot.length, seed.id}) {
        to = numbers::put_big_endian(number, sizeof(number), to);
    }
    return bytes;
}

TicketName ticket_name(const SealingKey& key, const SeedName& seed) {
    TicketName plain{}; /* the zero bits */
    std::ranges::copy(packed(seed), plain.begin());
    return key.cover(plain);
}

std::optional<SeedName> read_ticket_name(const SealingKey& key,
                                         const TicketName& name) {
    TicketName plain = key.uncover(name);
    SeedName seed{{nth_number(plain, 0), nth_number(plain, 1)},
                  nth_number(plain, 2)};

    bool is_ours = nth_number(plain, 3) == 0 && is_cut(seed.slot);
    return is_ours ? std::optional(seed) : std::nullopt;
}

}  // namespace session_cache::tickets
