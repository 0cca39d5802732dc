/*
 * Of a key file that sessions are sealed with what names them in the store,
 * for who is to find sessions there and not to open them.
 */

#pragma once

#include "sessions/sealing_key.hpp"

namespace session_cache {

class NamingKey {
  public:
    using Name = SealingKey::Name;

    /* Of a key file's bytes. Throws std::bad_alloc when OpenSSL fails. */
    explicit NamingKey(std::string_view file);

    /* As SealingKey's of the same file. Throws as above. */
    Name name(Bytes session_id) const;

  private:
    struct Secrets {
        std::array<unsigned char, 32> naming;
    };

    SecretPages<Secrets> secrets_;
};

using NamingKeys = std::vector<NamingKey>;

}  // namespace session_cache
