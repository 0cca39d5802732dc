#pragma once

#include "support/files.hpp"

#include <cstddef>
#include <filesystem>
#include <openssl/rand.h>
#include <string>

namespace support {

// A file with a random ticket key of 48 or 80 bytes, for nginx's
// ssl_session_ticket_key.
class TicketFile {
  public:
    explicit TicketFile(std::size_t size = 80) {
        std::string key(size, '\0');
        RAND_bytes(reinterpret_cast<unsigned char*>(key.data()),
                   static_cast<int>(size));
        write_file(file(), key);
    }
    std::string directive() const {
        return "ssl_session_ticket_key \"" + file().string() + "\";";
    }

  private:
    std::filesystem::path file() const { return dir_.path() / "key"; }

    TempDir dir_;
};

}  // namespace support
