#pragma once

#include "support/files.hpp"
#include "support/process.hpp"
#include "support/socket.hpp"

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

namespace support {

// A Prometheus that scrapes one target each second, as the job "nginx", and
// evaluates a file of rules as often.
class Prometheus {
  public:
    Prometheus(const Address& target, const std::string& path,
               const std::filesystem::path& rules);

    // The vector that a query comes to; throws what Prometheus has against it.
    nlohmann::json query(const std::string& expression) const;
    // The labels of each series with this name.
    nlohmann::json series(const std::string& name) const;
    // Of all groups, as /api/v1/rules has them.
    nlohmann::json rules() const;

  private:
    nlohmann::json get(const std::string& path) const;

    TempDir dir_;
    ReservedPort port_;
    Process process_;
};

}  // namespace support
