#pragma once

#include "fuzz/scripted_servers.hpp"

#include <cstddef>
#include <string>
#include <string_view>

// Servers of a cluster. They name each other and nobody else, so no connection
// leaves the process. When all is well, one server has all slots.
class ScriptedCluster : public ScriptedServers {
  public:
    static constexpr std::size_t size = 4;

    ScriptedCluster() : ScriptedServers(size) {}

  private:
    std::string answer(Connection& connection, const Words& words,
                       Input& script) const override;
    std::string refuse(Connection& connection, const Words& words,
                       Input& script) const;
    std::string topology(Input& script) const;
    std::string redirect(std::string_view kind, std::string_view key,
                         Input& script) const;
    std::string endpoint(unsigned i) const;
    std::string host(unsigned i) const;
};
