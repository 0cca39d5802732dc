#pragma once

#include "support/files.hpp"

#include <filesystem>
#include <string>

namespace support {

// A certificate and its key as PEM files.
struct KeyPair {
    std::filesystem::path certificate;
    std::filesystem::path key;
};

// All certificates of the tests' servers and clients.
struct Certificates {
    TempDir dir;
    KeyPair rsa;        // servers
    KeyPair ecdsa;      // servers; the same name, another key
    KeyPair client_ca;  // signs those below
    KeyPair store;      // for a store at localhost, 127.0.0.1 and ::1
    KeyPair store_expired;
    KeyPair store_elsewhere;    // for "elsewhere" only
    KeyPair client;             // of an ordinary size
    KeyPair large;              // a client of about 20 KiB
    KeyPair huge;               // a client of more than 64 KiB
    std::string subject;        // $ssl_client_s_dn of `client`
    std::filesystem::path crl;  // of client_ca, and empty

    Certificates();
};

// Made once per run.
const Certificates& certificates();

}  // namespace support
