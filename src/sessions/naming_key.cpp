#include "sessions/naming_key.hpp"

#include <openssl/hmac.h>

namespace session_cache {

NamingKey::NamingKey(std::string_view file)
    : secrets_(make_secret_pages<Secrets>()) {
    SealingKey::derive_naming(file, secrets_->naming);
}

NamingKey::Name NamingKey::name(Bytes session_id) const {
    Name name;
    require(HMAC(EVP_sha256(), secrets_->naming.data(),
                 static_cast<int>(secrets_->naming.size()), session_id.data(),
                 session_id.size(), name.data(), nullptr) != nullptr);
    return name;
}

}  // namespace session_cache
