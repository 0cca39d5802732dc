#pragma once

#include "backends/store.hpp"
#include "fuzz/scripted_servers.hpp"

#include <cstddef>
#include <set>
#include <string>
#include <utility>

// Sentinels, and two servers that may be the master. They name each other's
// addresses, names that stand for some of them or for nobody, and text that is
// no address, so no connection leaves loopback. When all is well, the second
// server is the master.
class ScriptedSentinels : public ScriptedServers, public backends::Resolver {
  public:
    static constexpr std::size_t sentinels = 3;
    static constexpr std::size_t size = sentinels + 2;

    ScriptedSentinels() : ScriptedServers(size) {}

    // The names that were looked up since this was last called.
    std::set<std::string> take_names() { return std::exchange(names_, {}); }

    // Every second name is unknown.
    backends::Resolved resolve(std::string name, std::uint16_t port,
                               coro::Time deadline) override;

  private:
    std::string answer(Connection& connection, const Words& words,
                       Input& script) const override;
    std::string right(const Connection& connection, const Words& words,
                      Input& script) const;
    std::string wrong(Connection& connection, const Words& words,
                      Input& script) const;
    std::string master(Input& script) const;
    std::string others(Input& script) const;
    std::string other(std::size_t n, Input& script) const;
    std::string array(Input& script) const;
    std::string host(Input& script) const;
    std::string port(Input& script) const;
    std::string own_port(std::size_t i) const;

    std::set<std::string> names_;
};
