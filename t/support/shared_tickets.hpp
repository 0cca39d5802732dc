#pragma once

#include "support/key_files.hpp"
#include "support/node.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

namespace support {

// Whether the client has the session itself. In TLS 1.3, the ID of a session in
// the store may be sent as a ticket, too.
bool is_stateless(const Session& session);

// The directive's parameters for shared tickets.
std::string sharing(const KeyFiles& keys, const std::string& letters = "a",
                    const std::string& more = "timeout=60s");

// How many records of "PREFIXkind:..." there are, such as "seed".
std::size_t count_records(const StoreServer& store, const std::string& kind);

// How many sealed sessions there are.
std::size_t count_sessions(const StoreServer& store);

// How often a node's handshakes have asked the store.
std::uint64_t count_fetches(const Node& node);

// How many tickets were not opened for this reason, by the figures.
std::uint64_t not_opened(const Node& node, const std::string& reason);

}  // namespace support
