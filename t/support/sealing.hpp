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
using session_cache::bytes_of;

}  // namespace support
