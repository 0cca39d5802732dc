#include "sessions/session_tag.hpp"

#include <algorithm>
#include <array>
#include <openssl/crypto.h>
#include <openssl/ssl.h>
#include <string_view>

namespace session_cache {

namespace {

constexpr std::size_t tag_size = 4;
constexpr std::size_t least = 16;

/* Longer than any ID, so that the hash is no session's name in the store. */
constexpr std::string_view purpose = "ngx_ssl_session_cache tag of session IDs";
static_assert(purpose.size() > SSL_MAX_SSL_SESSION_ID_LENGTH);

std::array<unsigned char, tag_size> tag_of(const SealingKey& key,
                                           Bytes random) {
    std::array<unsigned char, purpose.size() + SSL_MAX_SSL_SESSION_ID_LENGTH>
        text;
    auto* end = std::ranges::copy(purpose, text.begin()).out;
    end = std::ranges::copy(random, end).out;

    std::array<unsigned char, tag_size> tag;
    SealingKey::Name hash = key.name({text.begin(), end});
    std::copy_n(hash.begin(), tag.size(), tag.begin());
    return tag;
}

}  // namespace

void tag_session_id(const SealingKey& key, std::span<unsigned char> id) {
    if (id.size() >= least) {
        std::ranges::copy(tag_of(key, id.first(id.size() - tag_size)),
                          id.last(tag_size).begin());
    }
}

/* The duration of a comparison must not reveal how much of a tag is right. */
bool is_tagged(std::span<const SealingKey> keys, Bytes id) {
    if (id.size() < least || id.size() > SSL_MAX_SSL_SESSION_ID_LENGTH) {
        return false;
    }

    return std::ranges::any_of(keys, [&](const SealingKey& key) {
        auto tag = tag_of(key, id.first(id.size() - tag_size));
        return CRYPTO_memcmp(tag.data(), id.last(tag_size).data(), tag_size) ==
               0;
    });
}

}  // namespace session_cache
