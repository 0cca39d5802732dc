#include "support/sealing.hpp"

namespace support {

using namespace session_cache;

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
