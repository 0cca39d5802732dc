#include "support/sealing.hpp"

#include "module/value.hpp"

#include <openssl/rand.h>

namespace support {

using namespace session_cache;

KeyFile::KeyFile() {
    std::string bytes(SealingKey::max_size, '\0');
    require(RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()),
                       static_cast<int>(bytes.size())) == 1);
    const auto file = dir_.path() / "key";
    write_file(file, bytes);
    std::filesystem::permissions(file, std::filesystem::perms::owner_read);
    keys_.emplace_back(bytes);
}

std::string KeyFile::parameter() const {
    return "\"key=" + (dir_.path() / "key").string() + "\"";
}

std::string KeyFile::name_of(const Session& session) const {
    const auto id = raw_session_id(session);
    return session_cache::name_of("ngx_ssl:", bytes_of(id), key());
}

std::string sealed(const SealingKey& key, const SealedFor& what,
                   const std::string& plain) {
    std::string value(seal_head, '\0');
    value += plain;
    value.append(seal_tail, '\0');
    seal(key, what,
         {reinterpret_cast<unsigned char*>(value.data()), value.size()});
    return value;
}

}  // namespace support
