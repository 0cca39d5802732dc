/*
 * The part of a key file that names sessions in the store. With it, a program
 * can find sessions there, and cannot open them.
 */

#pragma once

#include "sessions/sealing_key.hpp"

namespace session_cache {

class NamingKey {
  public:
    using Name = SealingKey::Name;

    /* Made from a key file's bytes. Throws std::bad_alloc if OpenSSL fails. */
    explicit NamingKey(std::string_view file);

    /* The same as that of the file's SealingKey. Throws as above. */
    Name name(Bytes session_id) const;

  private:
    struct Secrets {
        std::array<unsigned char, 32> naming;
    };

    SecretPages<Secrets> secrets_;
};

using NamingKeys = std::vector<NamingKey>;

}  // namespace session_cache
