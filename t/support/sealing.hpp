#pragma once

#include "sessions/seal.hpp"
#include "support/tls_client.hpp"

#include <string>

namespace support {

// The value that `plain` is sealed into.
std::string sealed(const session_cache::SealingKey& key,
                   const session_cache::SealedFor& what,
                   const std::string& plain);

// As OpenSSL and the product have bytes.
inline session_cache::Bytes bytes_of(const std::string& text) {
    return {reinterpret_cast<const unsigned char*>(text.data()), text.size()};
}

}  // namespace support
