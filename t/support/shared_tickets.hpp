#pragma once

#include "support/key_files.hpp"
#include "support/node.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

namespace support {

// Whether it is the session itself that the client has: the ID of one that is
// in the store may be a ticket in TLS 1.3, too.
bool is_stateless(const Session& session);

// What the directive has for shared tickets.
std::string sharing(const KeyFiles& keys, const std::string& letters = "a",
                    const std::string& more = "timeout=60s");

// How many records of "PREFIXkind:..." there are, such as "seed".
std::size_t count_records(const StoreServer& store, const std::string& kind);

// The sealed sessions.
std::size_t count_sessions(const StoreServer& store);

// How often a node's handshakes have asked the store.
std::uint64_t count_fetches(const Node& node);

// Of the figures: how many tickets were not opened for this reason.
std::uint64_t not_opened(const Node& node, const std::string& reason);

}  // namespace support
