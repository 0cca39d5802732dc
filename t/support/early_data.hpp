#pragma once

#include "support/node.hpp"

#include <memory>
#include <string>
#include <vector>

namespace support {

// A first flight with a request in early data, as it may be recorded on its
// way. The client itself never sends it.
struct Flight {
    std::string bytes;
    std::string path;  // of the request, and unique
};

// Several nodes on one store. They log the path of each request, and what
// became of its early data.
class EarlyNodes {
  public:
    // `server` is for each server{}; `http` for its http{}.
    EarlyNodes(const StoreServer& store, const std::string& parameters,
               const std::string& server = "", std::size_t count = 4)
        : EarlyNodes(directive(store, parameters), server, count) {}
    EarlyNodes(const std::string& directive, const std::string& server,
               std::size_t count);

    Node& operator[](std::size_t i) { return *nodes_[i]; }
    std::size_t size() const { return nodes_.size(); }

    // Waits until each has compared its clock with the store's.
    bool surveyed() const;
    // Waits until the store has answered everything.
    bool answered() const;
    // Waits until there were `count` decisions of all nodes since the
    // beginning.
    bool decided(std::size_t count) const;
    // How often a decision had this result since the beginning.
    std::size_t count(const std::string& result) const;

    // Records a flight with a new session of node 0.
    Flight record() const;
    // A client with early data at node `i`, up to the answer. Returns whether
    // the early data was accepted.
    bool visit(std::size_t i) const;

    // Sends the flight `times` times at once, to one node after the other.
    std::vector<Socket> send(const Flight& flight, std::size_t times) const;
    // Also waits for all decisions. Returns how often its request was served.
    std::size_t replay(const Flight& flight, std::size_t times) const;
    std::size_t served(const Flight& flight) const;
    std::string log() const { return read_file(log_file()); }

    NodeConfig config(const std::string& server) const;

  private:
    std::filesystem::path log_file() const { return dir_.path() / "log"; }
    TlsOptions with_request(const std::string& path) const;

    TempDir dir_;
    std::vector<std::unique_ptr<Node>> nodes_;
};

}  // namespace support
