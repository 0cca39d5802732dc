#pragma once

#include "support/certificates.hpp"

namespace support {

// What lets certificates().client in no longer, or somewhere else.
struct Revocation {
    TempDir dir;
    std::filesystem::path crl;       // of client_ca, with the client in it
    std::filesystem::path namesake;  // a CA called as client_ca, another key

    Revocation();
};

// Made once a run.
const Revocation& revocation();

}  // namespace support
