#pragma once

#include "support/certificates.hpp"

namespace support {

// Files with which certificates().client is refused.
struct Revocation {
    TempDir dir;
    std::filesystem::path crl;       // of client_ca, and contains the client
    std::filesystem::path namesake;  // named like client_ca, another key

    Revocation();
};

// Made once per run.
const Revocation& revocation();

}  // namespace support
