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

// The directive for `store`. The timeout is far beyond any test's patience:
// what is answered before, was answered in time.
std::string directive(const StoreServer& store,
                      const std::string& parameters = "timeout=60s");

struct NodeConfig {
    NginxConfig nginx = {};
    std::string http{};    // more in http{}
    std::string listen{};  // after "listen ... ssl"
    bool quic = false;     // HTTP/3 on the same port, too
    std::string name = "localhost";
    std::string server{};                   // more in server{}
    std::string response = "200 \"$pid\"";  // what `return` answers
    std::string host = "127.0.0.1";
    const KeyPair* certificate = &certificates().ecdsa;
};

// With nginx's own shared cache.
NodeConfig shared_cache();

// Which verifies its clients' certificates, and answers with what it found.
NodeConfig verifying_clients();

// A server{} with TLS at `address`.
std::string server_block(const NodeConfig& config, const Address& address);

// An nginx with one TLS server, and a plain one that tells its state.
class Node {
  public:
    // `http` often is a directive; it comes first in http{}.
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

    // What /figures there answers with: remote_ssl_session_cache_status.
    nlohmann::json figures() const;
    // How many stored values were refused for this.
    std::size_t refused(const std::string& reason) const;

    // Until the store has answered each worker for the n-th time that one
    // connected to it: before, a lookup is a miss.
    bool connected(std::size_t times = 1) const;

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

// Clients of a store, with the one that asks; what memcached counts, it
// listens with, too.
int count_clients(const RedisServer& redis);
int count_clients(const MemcachedServer& memcached);
// Until there are `count` of them.
template <class Server>
bool settles_at(const Server& server, int count) {
    return eventually([&] { return count_clients(server) == count; });
}

// Those of `redis` besides the one that asks.
int connected_clients(const RedisServer& redis);
// Until there are `count` of them.
bool wait_clients(const RedisServer& redis, int count);

// Until `session` is in the store.
bool wait_stored(const StoreServer& store, const Session& session,
                 const std::string& prefix = "ngx_ssl:");

// Clients with a session each, made at `node`, with the options of these
// `kinds` in turn. (Those of one session at a time would share one lookup.)
std::vector<TlsOptions> make_sessions(const Node& node, std::size_t count,
                                      const std::vector<TlsOptions>& kinds = {
                                          tls12(), tls13()});
// The same, whose sessions are all in the store.
std::vector<TlsOptions>
store_sessions(const StoreServer& store, const Node& node, std::size_t count,
               const std::vector<TlsOptions>& kinds = {tls12(), tls13()});

// Whether sessions of both protocols go from `a` to `b`, within reason: the
// nodes have to notice that the store is back.
bool eventually_resumes(const Node& a, const Node& b);

// Lets a TLS 1.2 session go bad at the node, which is to remove it then.
void spoil(const Node& node, const Session& session);

// Two nodes alike on one store, ready for each other's sessions.
struct Fleet {
    explicit Fleet(StoreServer& store, const NodeConfig& config = {},
                   const std::string& parameters = "timeout=60s");

    // A session made at `a` and stored.
    Session make(const TlsOptions& options);

    StoreServer& store;
    Node a;
    Node b;
};

}  // namespace support
