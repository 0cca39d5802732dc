#pragma once

#include "simulate/data.hpp"
#include "simulate/network.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace simulate {

// A memcached that speaks its text protocol.
class MemcachedHost : public Host {
  public:
    MemcachedHost(Network& network, std::string name)
        : Host(network, std::move(name)), data(world()) {}

    Data data;
    std::uint64_t evicted = 0;

    void restart() override {
        data.clear();
        Host::restart();
    }

  private:
    using Words = std::vector<std::string>;

    void serve(Connection& connection) override;
    std::optional<std::string> answer(std::string_view& rest);
    std::string get(const Words& words);
    std::string put(const Words& words, std::string_view value);
    std::string stats() const;
    void lie(Connection& connection);
};

}  // namespace simulate
