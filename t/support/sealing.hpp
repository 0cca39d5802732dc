#pragma once

#include "module/seal.hpp"
#include "support/tls_client.hpp"

#include <string>

namespace support {

// A new key of sealed sessions, in a file as the directive wants it.
class KeyFile {
  public:
    KeyFile();

    // What the directive has of it.
    std::string parameter() const;

    const session_cache::SealingKeys& keys() const { return keys_; }
    const session_cache::SealingKey& key() const { return keys_.front(); }

    // The name under which a session is in the store.
    std::string name_of(const Session& session) const;

  private:
    TempDir dir_;
    session_cache::SealingKeys keys_;
};

// The value that `plain` is sealed into.
std::string sealed(const session_cache::SealingKey& key,
                   const session_cache::SealedFor& what,
                   const std::string& plain);

// As OpenSSL and the product have bytes.
inline session_cache::Bytes bytes_of(const std::string& text) {
    return {reinterpret_cast<const unsigned char*>(text.data()), text.size()};
}

}  // namespace support
