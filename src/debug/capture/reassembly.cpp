#include "debug/capture/reassembly.hpp"

#include <algorithm>
#include <iterator>

namespace debug {

namespace {

std::size_t cost_of(const std::string& bytes) {
    return Reassembly::piece_cost + bytes.capacity();
}

std::uint64_t end_of(const std::pair<const std::uint64_t, std::string>& piece) {
    return piece.first + piece.second.size();
}

}  // namespace

std::uint64_t Reassembly::place(std::uint32_t sequence) const noexcept {
    auto ahead = static_cast<std::int32_t>(sequence - next());
    return next_ + static_cast<std::uint64_t>(std::int64_t(ahead));
}

std::optional<std::uint32_t> Reassembly::first_waiting() const {
    return pieces_.empty() ? std::nullopt
                           : std::optional(static_cast<std::uint32_t>(
                                 pieces_.begin()->first));
}

void Reassembly::add(std::uint32_t sequence, std::string_view bytes,
                     const Take& take) {
    std::uint64_t begin = place(sequence);

    if (begin > next_) {
        store(begin, bytes);
        return;
    }
    std::uint64_t known = next_ - begin;
    if (known < bytes.size()) {
        bytes.remove_prefix(known);
        next_ += bytes.size();
        take(bytes);
        hand_out(take);
    }
}

void Reassembly::skip_to(std::uint32_t sequence, const Take& take) {
    next_ = std::max(next_, place(sequence));
    hand_out(take);
}

void Reassembly::clear() noexcept {
    pieces_.clear();
    held_ = 0;
}

void Reassembly::store(std::uint64_t begin, std::string_view bytes) {
    auto after = pieces_.upper_bound(begin);
    auto before = after == pieces_.begin() ? pieces_.end() : std::prev(after);

    if (before != pieces_.end() && end_of(*before) > begin) {
        std::uint64_t known = end_of(*before) - begin;
        bytes.remove_prefix(std::min<std::uint64_t>(known, bytes.size()));
        begin += known;
    }
    while (after != pieces_.end() && end_of(*after) <= begin + bytes.size()) {
        drop(after++);
    }
    if (after != pieces_.end() && after->first < begin + bytes.size()) {
        bytes = bytes.substr(0, after->first - begin);
    }
    if (bytes.empty()) {
        return;
    }

    if (before != pieces_.end() && end_of(*before) == begin) {
        held_ -= cost_of(before->second);
        before->second += bytes;
        held_ += cost_of(before->second);
    } else {
        after = pieces_.emplace_hint(after, begin, bytes);
        held_ += cost_of(after->second);
    }
}

void Reassembly::drop(Pieces::iterator piece) {
    held_ -= cost_of(piece->second);
    pieces_.erase(piece);
}

/* Hands out waiting pieces whose preceding bytes came or were given up. */
void Reassembly::hand_out(const Take& take) {
    while (!pieces_.empty() && pieces_.begin()->first <= next_) {
        auto node = pieces_.extract(pieces_.begin());
        std::string_view bytes = node.mapped();
        held_ -= cost_of(node.mapped());
        std::uint64_t known = next_ - node.key();
        if (known < bytes.size()) {
            bytes.remove_prefix(known);
            next_ += bytes.size();
            take(bytes);
        }
    }
}

}  // namespace debug
