/*
 * Who is who in a capture: which ports speak TLS, and where the stores are.
 */

#pragma once

#include "debug/capture/connections.hpp"
#include "debug/wire/redis_nodes.hpp"
#include "debug/wire/store_listener.hpp"
#include "debug/wire/tls.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace debug {

enum class StoreKind { redis, memcached };

struct StoreAt {
    StoreKind kind = StoreKind::redis;
    std::string host{}; /* as it was written; empty: any */
    std::uint16_t port = 0;
    std::vector<Endpoint> addresses{}; /* empty: any with this port */
    bool cluster = false; /* one of several, which tell of others */
};

/*
 * Reads "redis:10.0.0.5:6379", "memcached:[::1]", "redis:6379"; looks names
 * up. Throws std::runtime_error, which says what is wrong.
 */
StoreAt read_store(std::string_view text);

/* The same of what is known already. */
StoreAt make_store(StoreKind kind, const std::string& host, std::uint16_t port);

/*
 * Where nothing is said of either, what a connection is its first bytes tell.
 */
struct Roles {
    std::set<std::uint16_t> tls_ports{};
    std::vector<StoreAt> stores{};

    const StoreAt* store(const Endpoint& server) const;
    bool is_tls(const Endpoint& server) const;
    bool is_server(const Endpoint& endpoint) const;
};

/* Who reads a connection; null: nobody. Servers that others tell of, in
 * `nodes`, are stores, too. */
std::unique_ptr<Reader> make_reader(const Roles& roles, RedisNodes& nodes,
                                    const Flow& flow,
                                    HandshakeListener& handshakes,
                                    StoreListener& stores);

}  // namespace debug
