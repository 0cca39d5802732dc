/*
 * Why a stored value is not a session for this client.
 */

#pragma once

#include <array>
#include <cstddef>

namespace session_cache {

enum class Refusal {
    none,
    too_long,
    unknown_format,
    no_key,
    not_sealed,
    unknown_key,
    forged,
    damaged,
    no_session,
    other_id,
    other_context,
    other_protocol,
    other_cipher,
    expired,
    count
};

inline constexpr std::size_t n_refusals =
    static_cast<std::size_t>(Refusal::count);

/* For people, as the end of a line of the error log. */
inline constexpr std::array<const char*, n_refusals> refusal_texts{
    "",
    "too long",
    "unknown format",
    "sealed, and there is no key",
    "not sealed",
    "sealed with an unknown key",
    "forged or damaged",
    "damaged",
    "not a session",
    "another session ID",
    "another session ID context",
    "another protocol version",
    "a cipher that is not allowed here",
    "expired"};

inline const char* text(Refusal refusal) noexcept {
    return refusal_texts[static_cast<std::size_t>(refusal)];
}

}  // namespace session_cache
