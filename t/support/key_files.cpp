#include "support/key_files.hpp"
#include "module/value.hpp"

#include <vector>

namespace support {

namespace fs = std::filesystem;

std::string KeyFiles::parameters(const std::string& letters) const {
    std::string text;
    for (const char letter : letters) {
        write_file(file(letter), content(letter));
        fs::permissions(file(letter),
                        fs::perms::owner_read | fs::perms::owner_write);
        text += " \"key=" + file(letter) + '"';
    }
    return text;
}

std::string KeyFiles::name(char letter, const Session& session) {
    const auto hex = session_id(session);
    std::vector<unsigned char> id;
    for (std::size_t i = 0; i < hex.size(); i += 2) {
        id.push_back(static_cast<unsigned char>(
            std::stoi(hex.substr(i, 2), nullptr, 16)));
    }
    return session_cache::name_of("ngx_ssl:", id,
                                  session_cache::SealingKey(content(letter)));
}

}  // namespace support
