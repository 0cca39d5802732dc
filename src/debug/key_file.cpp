#include "debug/key_file.hpp"
#include "sessions/sealing_key.hpp"

#include <stdexcept>
#include <utility>

namespace debug {

session_cache::SecretBytes read_key_file(const std::string& name) {
    session_cache::SecretFile file =
        session_cache::read_secret(name, session_cache::SealingKey::max_size);
    if (!file.error.empty()) {
        throw std::runtime_error(name + ": " + file.error);
    }
    if (!session_cache::SealingKey::is_size(file.content.view().size())) {
        throw std::runtime_error(name + ": a key has 32, 48 or 80 bytes");
    }
    return std::move(file.content);
}

}  // namespace debug
