#pragma once

#include "support/wiretap.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace support {

// What the two ends of a connection sent.
struct Conversation {
    std::string request;
    std::string response;
};

// Decrypts a recorded connection with its master secret: TLS 1.2 with
// AES-128-GCM (RFC 5288). Nothing if it is not its master secret, as the
// records' tags show.
std::optional<Conversation> decrypt(const Recording& recording,
                                    std::string_view master_secret);

// Tries each piece of `loot` as the connection's master secret. Nothing if none
// of them is.
std::optional<std::string> find_master_secret(const Recording& recording,
                                              std::string_view loot);

}  // namespace support
