#pragma once

#include "support/both_stores.hpp"
#include "support/nginx.hpp"
#include "support/socket.hpp"
#include "support/tls_exchange.hpp"

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace support {

// The directive for `store`. The timeout is far beyond any test's patience, so
// every answer is in time.
std::string directive(const StoreServer& store,
                      const std::string& parameters = "timeout=60s");

struct NodeConfig {
    NginxConfig nginx = {};
    std::string http{};    // more in http{}
    std::string listen{};  // after "listen ... ssl"
    bool quic = false;     // HTTP/3 on the same port, too
    std::string name = "localhost";
    std::string server{};                   // more in server{}
    std::string response = "200 \"$pid\"";  // the `return` of the server
    std::string host = "127.0.0.1";
    const KeyPair* certificate = &certificates().ecdsa;
};

// A node with nginx's own shared cache.
NodeConfig shared_cache();

// A node that verifies its clients' certificates, and answers with the result.
NodeConfig verifying_clients();

// A server{} with TLS at `address`.
std::string server_block(const NodeConfig& config, const Address& address);

// An nginx with one TLS server, and a plain one that reports its state.
class Node {
  public:
    // `http`, often a directive, comes first in http{}.
    explicit Node(const NodeConfig& config);
    Node(const std::string& http, NodeConfig config);

    const Address& address() const { return tls_.address(); }
    Nginx& nginx() const { return *nginx_; }

    Exchange get(const TlsOptions& options = {}) const;

    void reload(const NodeConfig& config);
    // Ends nginx gracefully, and starts it at the same addresses.
    void restart(const NodeConfig& config);

    // The address of the plain server.
    const Address& status() const { return status_.address(); }

    // The answer of /figures there: remote_ssl_session_cache_status.
    nlohmann::json figures() const;
    // How many stored values were refused for this reason.
    std::size_t refused(const std::string& reason) const;

    // Waits until the store has answered on the n-th connection of each worker.
    // Before that, a lookup is a miss.
    bool connected(std::size_t times = 1) const;

    // Waits until the stores have answered everything. Before that, another
    // node may not find a session that was made here, and a short queue has
    // less room.
    bool answered() const;

    // Client connections that nginx has open now.
    int active() const;
    // Waits until there are none.
    bool idle() const;

  private:
    ReservedPort tls_;
    ReservedPort status_;
    std::unique_ptr<Nginx> nginx_;
    std::size_t workers_;
};

// How many clients a store has, including the one that asks. memcached also
// counts the sockets on which it listens.
int count_clients(const RedisServer& redis);
int count_clients(const MemcachedServer& memcached);
// Waits until there are `count` of them.
template <class Server>
bool settles_at(const Server& server, int count) {
    return eventually([&] { return count_clients(server) == count; });
}

// The clients of `redis` besides the one that asks.
int connected_clients(const RedisServer& redis);
// Waits until there are `count` of them.
bool wait_clients(const RedisServer& redis, int count);

// Waits until `session` is in the store.
bool wait_stored(const StoreServer& store, const Session& session,
                 const std::string& prefix = "ngx_ssl:");

// Clients with a session each, made at `node`, with the options of `kinds` in
// turn. (Clients with the same session would share one lookup.)
std::vector<TlsOptions> make_sessions(const Node& node, std::size_t count,
                                      const std::vector<TlsOptions>& kinds = {
                                          tls12(), tls13()});
// The same, each after the one before is in the store. So a short queue always
// has room.
std::vector<TlsOptions>
store_sessions(const StoreServer& store, const Node& node, std::size_t count,
               const std::vector<TlsOptions>& kinds = {tls12(), tls13()});

// Whether sessions of both protocols go from `a` to `b` after some time,
// because the nodes have to notice that the store is back.
bool eventually_resumes(const Node& a, const Node& b);

// Makes a TLS 1.2 session fail at the node, which should then remove it.
void spoil(const Node& node, const Session& session);

// Two equal nodes on one store, ready for each other's sessions.
struct Fleet {
    explicit Fleet(StoreServer& store, const NodeConfig& config = {},
                   const std::string& parameters = "timeout=60s");

    // Makes a session at `a`, and waits until it is stored.
    Session make(const TlsOptions& options);

    StoreServer& store;
    Node a;
    Node b;
};

}  // namespace support
