#pragma once

#include "support/wiretap.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace support {

// What the two ends of a connection said to each other.
struct Conversation {
    std::string request;
    std::string response;
};

// What a recorded connection says to who has its master secret: TLS 1.2 with
// AES-128-GCM (RFC 5288). Nothing when that is not its master secret, which
// the records' tags tell.
std::optional<Conversation> decrypt(const Recording& recording,
                                    std::string_view master_secret);

// Takes each piece of `loot` for the connection's master secret. Nothing when
// none of them is.
std::optional<std::string> find_master_secret(const Recording& recording,
                                              std::string_view loot);

}  // namespace support
