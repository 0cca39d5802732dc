#include "sessions/sealing_check.hpp"
#include "sessions/seal.hpp"

#include <algorithm>
#include <numeric>
#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <optional>

namespace session_cache {

namespace {

/* The answers are from Python's hmac and hashlib, GnuTLS, and `openssl enc
 * -aes-256-ecb`. */
constexpr std::size_t key_size = 80; /* times the letter k */

constexpr SealingKey::Id known_id{0xad, 0x18, 0x27, 0xa7,
                                  0x36, 0xa9, 0xa1, 0x7d};

constexpr SealingKey::Name known_name{
    0xc5, 0x41, 0xcd, 0x4c, 0x2c, 0xd1, 0x04, 0x29, 0x36, 0x1f, 0x66,
    0xa9, 0x92, 0x09, 0xce, 0xf0, 0x99, 0x98, 0x92, 0x0c, 0xa2, 0x7f,
    0x92, 0x10, 0xcb, 0x01, 0x38, 0x97, 0x11, 0x99, 0x1d, 0x35};

constexpr std::array<unsigned char, 32> known_session_key{
    0xb0, 0x14, 0x9b, 0xf2, 0x54, 0x69, 0x1b, 0x89, 0x21, 0x2b, 0x6b,
    0x3f, 0x08, 0xa0, 0x51, 0x93, 0x89, 0x0e, 0x1b, 0xe2, 0xba, 0xc1,
    0x3b, 0xcb, 0x0e, 0xf9, 0xc3, 0x51, 0x68, 0x62, 0xde, 0x65};

constexpr SealingKey::NameBlock plain_block{0, 1, 2,  3,  4,  5,  6,  7,
                                            8, 9, 10, 11, 12, 13, 14, 15};

constexpr SealingKey::NameBlock known_block{0x44, 0xfb, 0xb9, 0x8e, 0x15, 0xcf,
                                            0x57, 0x34, 0x2b, 0xf7, 0xc0, 0xda,
                                            0x61, 0x53, 0xab, 0x70};

constexpr std::array<unsigned char, 32> known_ticket_key{
    0x97, 0x6f, 0x9b, 0xc6, 0x79, 0xa0, 0x85, 0x65, 0x54, 0xe5, 0xbf,
    0x4a, 0xbe, 0x35, 0x23, 0x07, 0xe7, 0xb9, 0x9c, 0x74, 0x11, 0x05,
    0x5d, 0x19, 0xe6, 0xa0, 0x1b, 0x5a, 0x29, 0xdb, 0x2c, 0x73};

constexpr std::string_view plaintext = "a session";
constexpr Nonce nonce{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};

constexpr std::array<unsigned char, seal_head + plaintext.size() + seal_tail>
    known_value{0x04, 0xad, 0x18, 0x27, 0xa7, 0x36, 0xa9, 0xa1, 0x7d,
                0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08,
                0x09, 0x0a, 0x0b, 0x39, 0x47, 0xfb, 0xfc, 0x04, 0x3a,
                0x91, 0x69, 0xef, 0xbb, 0xda, 0x17, 0xfb, 0x51, 0x0d,
                0xb1, 0xac, 0xa2, 0x4f, 0xd0, 0xad, 0x40, 0xee, 0x8d,
                0x9a, 0x68, 0x2c, 0xb6, 0x19, 0x89, 0xc5, 0xbc, 0xe4};

constexpr std::array<unsigned char, 7> context{'c', 'o', 'n', 't',
                                               'e', 'x', 't'};

std::array<unsigned char, 32> session_id(unsigned char first) {
    std::array<unsigned char, 32> id{};
    id.fill(0xa5);
    id[0] = first;
    return id;
}

/* Objects are freed as soon as they are fetched. The providers keep them. */
std::string missing() {
    Owned<EVP_MD, EVP_MD_free> sha(EVP_MD_fetch(nullptr, "SHA256", nullptr));
    Owned<EVP_KDF, EVP_KDF_free> hkdf(
        EVP_KDF_fetch(nullptr, OSSL_KDF_NAME_HKDF, nullptr));
    Owned<EVP_MAC, EVP_MAC_free> hmac(
        EVP_MAC_fetch(nullptr, OSSL_MAC_NAME_HMAC, nullptr));
    std::string names;
    auto note = [&](const auto& fetched, const char* name) {
        if (fetched == nullptr) {
            names += std::string(names.empty() ? "" : ", ") + name;
        }
    };

    note(sha, "SHA256");
    note(hkdf, "HKDF");
    note(hmac, "HMAC");
    for (const char* mode : {"AES-256-GCM", "AES-256-ECB", "AES-256-CBC"}) {
        note(Owned<EVP_CIPHER, EVP_CIPHER_free>(
                 EVP_CIPHER_fetch(nullptr, mode, nullptr)),
             mode);
    }
    return names;
}

/* More than once, because a used object has to begin anew. */
bool names_well(const SealingKey& key) {
    auto id = session_id(0);
    bool first = key.name(id) == known_name;
    bool other = key.name(session_id(1)) != known_name;

    return first && other && key.name(id) == known_name;
}

bool derives_well(const SealingKey& key) {
    SealingKey::SessionKey own;

    for (unsigned char other : {1, 0}) {
        key.derive(session_id(other), own);
    }
    return own.bytes == known_session_key;
}

bool covers_well(const SealingKey& key) {
    bool first = key.cover(plain_block) == known_block;
    bool other = key.cover(known_block) != plain_block;

    return first && other && key.cover(plain_block) == known_block &&
           key.uncover(known_block) == plain_block;
}

bool derives_tickets_well(const SealingKey& key) {
    SealingKey::TicketSeed seed;
    std::array<unsigned char, known_ticket_key.size()> out;

    std::iota(seed.begin(), seed.end(), static_cast<unsigned char>(0));
    key.derive(seed, plain_block, out);
    return out == known_ticket_key;
}

bool seals_well(const SealingKey& key) {
    auto id = session_id(0);
    std::array<unsigned char, known_value.size()> value{};

    std::copy(plaintext.begin(), plaintext.end(), value.begin() + seal_head);
    seal(key, {id, context}, nonce, value);
    return value == known_value;
}

bool opens_well(SealingKey&& key) {
    auto id = session_id(0);
    std::string value(known_value.begin(), known_value.end());
    SealingKeys keys;
    SecretBytes opened;

    keys.push_back(std::move(key));
    if (unseal(keys, {id, context}, value, opened) != Refusal::none ||
        opened.view() != plaintext) {
        return false;
    }

    value.back() = static_cast<char>(~value.back());
    return unseal(keys, {id, context}, value, opened) == Refusal::forged;
}

/* A failure counts as wrong. */
template <typename Test>
bool passes(Test test) {
    try {
        return test();
    } catch (const std::bad_alloc&) {
        return false;
    }
}

const char* wrong() {
    std::optional<SealingKey> key;

    if (!passes([&] { /* HKDF is built from HMAC */
                      key.emplace(std::string(key_size, 'k'));
                      return key->id() == known_id && names_well(*key) &&
                             derives_well(*key) && names_well(*key) &&
                             derives_tickets_well(*key);
        })) {
        return "HMAC or HKDF";
    }
    if (!passes([&] { return covers_well(*key); })) {
        return "AES-256-ECB";
    }
    if (!passes(
            [&] { return seals_well(*key) && opens_well(std::move(*key)); })) {
        return "AES-256-GCM";
    }
    return nullptr;
}

}  // namespace

std::string check_sealing() {
    std::string names = missing();
    const char* failed = names.empty() ? wrong() : nullptr;

    ERR_clear_error();
    if (!names.empty()) {
        return "OpenSSL has no " + names + ", as its providers are configured";
    }
    return failed != nullptr ? std::string("OpenSSL's ") + failed +
                                   " fails, or its results are wrong"
                             : std::string();
}

}  // namespace session_cache
