#pragma once

#include "sessions/seal.hpp"
#include "support/tls_client.hpp"

#include <string>

namespace support {

// Seals `plain` into a value.
std::string sealed(const session_cache::SealingKey& key,
                   const session_cache::SealedFor& what,
                   const std::string& plain);

// Bytes as OpenSSL and the product use them.
using session_cache::bytes_of;

}  // namespace support
