#include "support/key_files.hpp"
#include "sessions/value.hpp"
#include "support/sealing.hpp"

#include <openssl/kdf.h>
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

// A file of one repeated byte is refused.
std::string KeyFiles::content(char letter) {
    std::string bytes(80, letter);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        bytes[i] = static_cast<char>(letter + i);
    }
    return bytes;
}

// HKDF-SHA256 (RFC 5869), with OpenSSL's older interface.
std::string KeyFiles::sealing_key(char letter) {
    const auto file = content(letter);
    const std::string info = "ngx_ssl_session_cache sealing";
    std::vector<unsigned char> key(32);
    std::size_t size = key.size();
    EVP_PKEY_CTX* ctx = EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, nullptr);
    EVP_PKEY_derive_init(ctx);
    EVP_PKEY_CTX_set_hkdf_md(ctx, EVP_sha256());
    EVP_PKEY_CTX_set1_hkdf_key(
        ctx, reinterpret_cast<const unsigned char*>(file.data()),
        static_cast<int>(file.size()));
    EVP_PKEY_CTX_add1_hkdf_info(
        ctx, reinterpret_cast<const unsigned char*>(info.data()),
        static_cast<int>(info.size()));
    EVP_PKEY_derive(ctx, key.data(), &size);
    EVP_PKEY_CTX_free(ctx);
    return session_cache::name_of("", key);
}

std::string KeyFiles::name(char letter, const Session& session) {
    const auto id = raw_session_id(session);
    return session_cache::name_of("ngx_ssl:", bytes_of(id), key(letter));
}

}  // namespace support
