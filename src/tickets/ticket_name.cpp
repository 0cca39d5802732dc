#include "tickets/ticket_name.hpp"

#include <algorithm>

namespace session_cache::tickets {

namespace {

unsigned char* put(std::uint32_t number, unsigned char* to) noexcept {
    for (unsigned shift : {24U, 16U, 8U, 0U}) {
        *to++ = static_cast<unsigned char>(number >> shift);
    }
    return to;
}

std::uint32_t number_at(const unsigned char* from) noexcept {
    std::uint32_t number = 0;
    for (Bytes bytes(from, 4); unsigned char byte : bytes) {
        number = number << 8U | byte;
    }
    return number;
}

}  // namespace

SeedNameBytes bytes_of(const SeedName& seed) noexcept {
    SeedNameBytes bytes;
    put(seed.id, put(seed.slot.length, put(seed.slot.start, bytes.data())));
    return bytes;
}

TicketName ticket_name(const SealingKey& key, const SeedName& seed) {
    TicketName plain{}; /* the zero bits */
    std::ranges::copy(bytes_of(seed), plain.begin());
    return key.cover(plain);
}

std::optional<SeedName> read_ticket_name(const SealingKey& key,
                                         const TicketName& name) {
    TicketName plain = key.uncover(name);
    SeedName seed{{number_at(plain.data()), number_at(plain.data() + 4)},
                  number_at(plain.data() + 8)};

    bool is_ours = number_at(plain.data() + 12) == 0 && is_cut(seed.slot);
    return is_ours ? std::optional(seed) : std::nullopt;
}

}  // namespace session_cache::tickets
