/*
 * The record in which the nodes of a fleet publish the identifiers of their
 * sealing keys. Names are hashed under the first key, so a node with another
 * one, or without any, would have plain misses for ever.
 */

#pragma once

#include "sessions/sealing_key.hpp"

#include <string>
#include <string_view>

namespace session_cache {

/* The record's name. No session has it, because a session's has hexadecimal
 * digits after the prefix. Throws std::bad_alloc. */
std::string key_record_name(std::string_view prefix);

/* The record of a node with these keys, of which there is at least one. Throws
 * std::bad_alloc. */
std::string key_record(const SealingKeys& keys);

/* Whether it is such a record: anybody may have written it. */
bool is_key_record(std::string_view record) noexcept;

/*
 * Whether sessions go both ways between the node that wrote `record` and one
 * with `keys`: each has the first key of the other. Throws std::bad_alloc.
 */
bool fits(std::string_view record, const SealingKeys& keys);

}  // namespace session_cache
