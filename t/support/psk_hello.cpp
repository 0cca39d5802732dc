#include "support/psk_hello.hpp"

#include <algorithm>
#include <openssl/rand.h>
#include <string_view>

namespace support {

namespace {

using namespace std::string_literals;

std::string number(std::size_t value, std::size_t size) {
    std::string bytes;
    while (size-- > 0) {
        bytes += static_cast<char>(value >> (8 * size) & 0xff);
    }
    return bytes;
}

// Prefixes the bytes with their length, in `size` bytes.
std::string counted(const std::string& bytes, std::size_t size) {
    return number(bytes.size(), size) + bytes;
}

std::string extension(std::size_t type, const std::string& body) {
    return number(type, 2) + counted(body, 2);
}

std::string random_bytes(std::size_t size) {
    std::string bytes(size, '\0');
    RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()),
               static_cast<int>(size));
    return bytes;
}

// RFC 8446, 4.2.11.
std::string sessions(std::size_t count) {
    std::string identities, binders;
    for (std::size_t i = 0; i < count; ++i) {
        identities += counted(random_bytes(32), 2) + number(0, 4);
        binders += counted(random_bytes(32), 1);
    }
    return extension(41, counted(identities, 2) + counted(binders, 2));
}

std::string in_records(std::string_view message) {
    std::string records;
    while (!message.empty()) {
        const auto part = message.substr(0, 16000);
        records += "\x16\x03\x01"s + counted(std::string(part), 2);
        message.remove_prefix(part.size());
    }
    return records;
}

}  // namespace

std::string hello_with_sessions(std::size_t count) {
    const auto extensions =
        extension(43, counted("\x03\x04"s, 1)) +                  // TLS 1.3
        extension(10, counted("\x00\x1d"s, 2)) +                  // X25519
        extension(13, counted("\x08\x04\x04\x03\x08\x05"s, 2)) +  // signatures
        extension(51, counted("\x00\x1d"s + counted(random_bytes(32), 2), 2)) +
        extension(45, counted("\x01"s, 1)) +  // psk_dhe_ke
        sessions(count);
    const auto body = "\x03\x03"s + random_bytes(32) +
                      counted(random_bytes(32), 1) +
                      counted("\x13\x01"s, 2) +  // AES-128-GCM
                      "\x01\x00"s + counted(extensions, 2);
    return in_records("\x01"s + counted(body, 3));
}

}  // namespace support
