#pragma once

#include "fuzz/fuzz.hpp"
#include "support/socket.hpp"
#include "support/unique_fd.hpp"

#include <array>
#include <list>
#include <string>
#include <string_view>
#include <vector>

// Servers of a cluster that answer in whatever way the input has it. They name
// each other and nobody else, so no connection leaves the process.
class ScriptedCluster {
  public:
    static constexpr std::size_t size = 4;

    ScriptedCluster();

    const support::Address& address(std::size_t i) const {
        return nodes_.at(i).address;
    }

    // Takes new connections, and answers what has come.
    void turn(Input& script);

    // From now on whoever is asked does as a healthy cluster does, where one
    // server has all slots.
    void heal();

    void hang_up();

  private:
    struct Node {
        support::Address address;
        support::UniqueFd listener;
    };
    struct Connection {
        std::size_t node;
        support::UniqueFd fd;
        std::string received;
        bool closes = false;
    };
    using Words = std::vector<std::string_view>;

    void accept_all();
    void serve(Connection& connection, Input& script);
    std::string answer(Connection& connection, const Words& words,
                       Input& script) const;
    std::string refuse(Connection& connection, const Words& words,
                       Input& script) const;
    std::string topology(Input& script) const;
    std::string redirect(std::string_view kind, std::string_view key,
                         Input& script) const;
    std::string endpoint(unsigned i) const;
    std::string host(unsigned i) const;

    std::array<Node, size> nodes_;
    std::list<Connection> connections_;
    bool healthy_ = false;
};
