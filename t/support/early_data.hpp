#pragma once

#include "support/node.hpp"

#include <memory>
#include <string>
#include <vector>

namespace support {

// A first flight, with a request in early data, as it may be recorded on its
// way; the client itself never sends it.
struct Flight {
    std::string bytes;
    std::string path;  // that of the request, which no other one has
};

// Several nodes on one store, that log each request: what became of its early
// data, and its path.
class EarlyNodes {
  public:
    // `server` is for each server{}; `http` for its http{}.
    EarlyNodes(const StoreServer& store, const std::string& parameters,
               const std::string& server = "", std::size_t count = 4)
        : EarlyNodes(directive(store, parameters), server, count) {
        store_ = &store;
    }
    EarlyNodes(const std::string& directive, const std::string& server,
               std::size_t count);

    Node& operator[](std::size_t i) { return *nodes_[i]; }
    std::size_t size() const { return nodes_.size(); }

    // Until each has compared its clock with the store's.
    bool surveyed() const;
    // Until all have taken part in so many decisions, since the begin.
    bool decided(std::size_t count) const;
    // How often it was decided so, since the begin.
    std::size_t count(const std::string& result) const;

    // With a session of node 0, made now.
    Flight record() const;
    // A client with early data for node `i`; complete, its request answered.
    // Whether the data was accepted.
    bool visit(std::size_t i) const;

    // Sends the flight so many times at once, to one node after the other.
    std::vector<Socket> send(const Flight& flight, std::size_t times) const;
    // Also waits until all is decided; how often its request was served.
    std::size_t replay(const Flight& flight, std::size_t times) const;
    std::size_t served(const Flight& flight) const;
    std::string log() const { return read_file(log_file()); }

    NodeConfig config(const std::string& server) const;

  private:
    std::filesystem::path log_file() const { return dir_.path() / "log"; }
    TlsOptions with_request(const std::string& path) const;

    TempDir dir_;
    const StoreServer* store_ = nullptr;  // which sessions may be looked for in
    std::vector<std::unique_ptr<Node>> nodes_;
};

}  // namespace support
