/*
 * The roles of servers in a capture: TLS ports, and the addresses of stores.
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
    std::string host{}; /* as written; empty: any */
    std::uint16_t port = 0;
    std::vector<Endpoint> addresses{}; /* empty: any with this port */
    bool cluster = false;              /* one of several, which name others */
};

/*
 * Parses "redis:10.0.0.5:6379", "memcached:[::1]" or "redis:6379", and resolves
 * names. Throws std::runtime_error, whose text says what is wrong.
 */
StoreAt read_store(std::string_view text);

/* Makes the same from its parts. */
StoreAt make_store(StoreKind kind, const std::string& host, std::uint16_t port);

/*
 * If one kind is empty, the first bytes of a connection show whether it is of
 * that kind.
 */
struct Roles {
    std::set<std::uint16_t> tls_ports{};
    std::vector<StoreAt> stores{};

    const StoreAt* store(const Endpoint& server) const;
    bool is_tls(const Endpoint& server) const;
    bool is_server(const Endpoint& endpoint) const;
};

/* Makes the reader of a connection; null if it is not to be read. Servers in
 * `nodes`, which others have named, are also stores. */
std::unique_ptr<Reader> make_reader(const Roles& roles, RedisNodes& nodes,
                                    const Flow& flow,
                                    HandshakeListener& handshakes,
                                    StoreListener& stores);

}  // namespace debug
