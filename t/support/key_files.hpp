#pragma once

#include "sessions/sealing_key.hpp"
#include "support/files.hpp"
#include "support/tls_client.hpp"

#include <string>

namespace support {

// Key files by letters, so that a test can tell which node has which.
class KeyFiles {
  public:
    // The `key=` parameters for the letters' files, which are made if
    // necessary.
    std::string parameters(const std::string& letters) const;

    std::string file(char letter) const {
        return (dir_.path() / std::string(1, letter)).string();
    }
    static std::string content(char letter);

    static session_cache::SealingKey key(char letter) {
        return session_cache::SealingKey(content(letter));
    }

    // The sealing key that is made from the file, in hexadecimal.
    static std::string sealing_key(char letter);

    // The name in the store of a session that was sealed with this key.
    static std::string name(char letter, const Session& session);

  private:
    TempDir dir_;
};

}  // namespace support
