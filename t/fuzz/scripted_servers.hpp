#pragma once

#include "fuzz/fuzz.hpp"
#include "support/socket.hpp"
#include "support/unique_fd.hpp"

#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <vector>

// A few servers on loopback that speak Redis' protocol, and answer as the input
// says.
class ScriptedServers {
  public:
    explicit ScriptedServers(std::size_t count);
    virtual ~ScriptedServers() = default;
    ScriptedServers(const ScriptedServers&) = delete;
    ScriptedServers& operator=(const ScriptedServers&) = delete;

    // The address of a server. The index wraps around.
    const support::Address& address(std::size_t i) const {
        return servers_.at(i % servers_.size()).address;
    }

    // Takes new connections, and answers what has come.
    void turn(Input& script);

    // From now on all servers answer as healthy ones do.
    void heal();

    void hang_up();

    // From now on, until heal(), they hang up on whoever connects.
    void die();

  protected:
    struct Connection {
        std::size_t server;
        support::UniqueFd fd;
        std::string received{};
        std::string owed{};  // answers on their way
        bool slow = false;   // they come in pieces
        bool closes = false;
    };
    using Words = std::vector<std::string_view>;

    bool healthy() const { return healthy_; }

    // The bytes of an answer. There may be none.
    virtual std::string answer(Connection& connection, const Words& words,
                               Input& script) const = 0;

    static std::string bulk(std::string_view text);
    static std::string number(std::size_t n);

  private:
    struct Server {
        support::Address address;
        support::UniqueFd listener;
    };

    void accept_all();
    void serve(Connection& connection, Input& script);
    static void send_some(Connection& connection);

    std::vector<Server> servers_;
    std::list<Connection> connections_;
    bool healthy_ = false;
    bool dead_ = false;
};
