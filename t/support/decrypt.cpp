#include "support/decrypt.hpp"

#include "sessions/openssl.hpp"

#include <array>
#include <cstdint>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/ssl.h>
#include <stdexcept>
#include <vector>

namespace support {

using session_cache::Owned;
using session_cache::require;

namespace {

constexpr std::size_t key_size = 16;
constexpr std::size_t salt_size = 4;
constexpr std::size_t explicit_nonce_size = 8;
constexpr std::size_t tag_size = 16;

struct Record {
    unsigned char type;
    std::string_view version;
    std::string_view body;
};

// One end's part of a connection.
struct Flight {
    std::string_view random;        // of its hello
    std::vector<Record> encrypted;  // numbered from 0, in the order they came
};

std::size_t number(std::string_view two_bytes) {
    return static_cast<unsigned char>(two_bytes[0]) << 8 |
           static_cast<unsigned char>(two_bytes[1]);
}

Flight parse(std::string_view bytes) {
    constexpr std::size_t head = 5;
    // Of a hello: its type, length and version are before the random.
    constexpr std::size_t random_at = 6;
    Flight flight;
    bool encrypted = false;
    while (bytes.size() >= head) {
        const auto size = number(bytes.substr(3));
        const Record record{static_cast<unsigned char>(bytes[0]),
                            bytes.substr(1, 2), bytes.substr(head, size)};
        if (record.body.size() < size) {
            break;
        }
        if (encrypted) {
            flight.encrypted.push_back(record);
        } else if (flight.random.empty()) {
            flight.random = record.body.substr(random_at, SSL3_RANDOM_SIZE);
        }
        encrypted |= record.type == SSL3_RT_CHANGE_CIPHER_SPEC;
        bytes.remove_prefix(head + size);
    }
    if (flight.encrypted.empty()) {
        throw std::runtime_error("not a TLS connection with its handshake");
    }
    return flight;
}

// The key that encrypts one end's records.
struct WriteKey {
    std::string_view key;
    std::string_view salt;
};

// RFC 5246, 6.3.
class KeyBlock {
  public:
    KeyBlock(std::string_view master_secret, const Flight& client,
             const Flight& server) {
        static EVP_KDF* const prf =
            EVP_KDF_fetch(nullptr, OSSL_KDF_NAME_TLS1_PRF, nullptr);
        const Owned<EVP_KDF_CTX, EVP_KDF_CTX_free> kdf(EVP_KDF_CTX_new(prf));
        std::string seed = "key expansion";
        seed.append(server.random).append(client.random);
        std::string secret(master_secret);
        char digest[] = "SHA256";
        const OSSL_PARAM parameters[] = {
            OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
            OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SECRET,
                                              secret.data(), secret.size()),
            OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, seed.data(),
                                              seed.size()),
            OSSL_PARAM_construct_end()};
        require(EVP_KDF_derive(kdf.get(),
                               reinterpret_cast<unsigned char*>(bytes_.data()),
                               bytes_.size(), parameters) == 1);
    }

    WriteKey client() const {
        return {{bytes_.data(), key_size},
                {bytes_.data() + 2 * key_size, salt_size}};
    }
    WriteKey server() const {
        return {{bytes_.data() + key_size, key_size},
                {bytes_.data() + 2 * key_size + salt_size, salt_size}};
    }

  private:
    std::array<char, 2 * (key_size + salt_size)> bytes_{};
};

const unsigned char* bytes(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

// RFC 5246, 6.2.3.3.
std::string additional_data(const Record& record, std::uint64_t sequence,
                            std::size_t size) {
    std::string data;
    for (int shift = 56; shift >= 0; shift -= 8) {
        data += static_cast<char>(sequence >> shift);
    }
    data += static_cast<char>(record.type);
    data += record.version;
    data += {static_cast<char>(size >> 8), static_cast<char>(size)};
    return data;
}

// Nothing if the tag does not match.
std::optional<std::string> open(const WriteKey& key, const Record& record,
                                std::uint64_t sequence) {
    if (record.body.size() < explicit_nonce_size + tag_size) {
        return std::nullopt;
    }
    const auto size = record.body.size() - explicit_nonce_size - tag_size;
    const auto text = record.body.substr(explicit_nonce_size, size);
    std::string tag(record.body.substr(explicit_nonce_size + size));
    std::string nonce(key.salt);
    nonce += record.body.substr(0, explicit_nonce_size);
    const auto data = additional_data(record, sequence, size);

    const Owned<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free> gcm(EVP_CIPHER_CTX_new());
    std::string plain(size, '\0');
    auto* out = reinterpret_cast<unsigned char*>(plain.data());
    int n = 0;
    require(EVP_DecryptInit_ex(gcm.get(), EVP_aes_128_gcm(), nullptr,
                               bytes(key.key), bytes(nonce)) == 1 &&
            EVP_DecryptUpdate(gcm.get(), nullptr, &n, bytes(data),
                              static_cast<int>(data.size())) == 1 &&
            EVP_DecryptUpdate(gcm.get(), out, &n, bytes(text),
                              static_cast<int>(size)) == 1 &&
            EVP_CIPHER_CTX_ctrl(gcm.get(), EVP_CTRL_AEAD_SET_TAG, tag_size,
                                tag.data()) == 1);
    return EVP_DecryptFinal_ex(gcm.get(), out, &n) == 1 ? std::optional(plain)
                                                        : std::nullopt;
}

std::optional<std::string> open_all(const WriteKey& key, const Flight& flight) {
    std::string said;
    for (std::size_t i = 0; i < flight.encrypted.size(); ++i) {
        const auto plain = open(key, flight.encrypted[i], i);
        if (!plain) {
            return std::nullopt;
        }
        if (flight.encrypted[i].type == SSL3_RT_APPLICATION_DATA) {
            said += *plain;
        }
    }
    return said;
}

}  // namespace

std::optional<Conversation> decrypt(const Recording& recording,
                                    std::string_view master_secret) {
    const auto client = parse(recording.to_server);
    const auto server = parse(recording.to_client);
    const KeyBlock keys(master_secret, client, server);
    const auto request = open_all(keys.client(), client);
    const auto response = open_all(keys.server(), server);
    return request && response
               ? std::optional(Conversation{*request, *response})
               : std::nullopt;
}

std::optional<std::string> find_master_secret(const Recording& recording,
                                              std::string_view loot) {
    const auto client = parse(recording.to_server);
    const auto server = parse(recording.to_client);
    for (std::size_t at = 0; at + SSL_MAX_MASTER_KEY_LENGTH <= loot.size();
         ++at) {
        const auto piece = loot.substr(at, SSL_MAX_MASTER_KEY_LENGTH);
        const KeyBlock keys(piece, client, server);
        if (open(keys.client(), client.encrypted.front(), 0)) {
            return std::string(piece);
        }
    }
    return std::nullopt;
}

}  // namespace support
