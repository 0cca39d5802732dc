/*
 * The remote_ssl_session_cache directive: its parameters, with their defaults
 * and ranges.
 */

#pragma once

#include "backends/store.hpp"
#include "backends/tls.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace session_cache {

enum class Type { redis, memcached };

/* What happens to stateless session tickets (RFC 5077). */
enum class Tickets {
    off,   /* none are made */
    keep,  /* as nginx makes them */
    shared /* with keys that the fleet shares through the store */
};

/* How often early data (RFC 8446, 8) is accepted: each time, as nginx does, or
 * once in the fleet. */
enum class EarlyData { any, once };

/* Where a server of the store is. */
struct ServerParameters {
    std::string host;       /* a name, an IPv4 or IPv6 address, or: */
    std::string path;       /* of a Unix socket, without host and port */
    std::uint16_t port = 0; /* 0 if it has none of its own */
    unsigned weight = 1;    /* 1 to 1000, memcached only */

    bool operator==(const ServerParameters&) const = default;
};

/* The parameters of a store's client. Equal ones share a client in a worker. */
struct StoreParameters {
    Type type = Type::redis;
    std::vector<ServerParameters> servers; /* Redis has only one, or: */
    bool cluster = false;   /* Redis Cluster; the servers are its seeds */
    std::string sentinel{}; /* a master; the servers are its Sentinels */
    std::string sentinel_user{};
    std::string sentinel_password{};
    std::chrono::milliseconds interval{200};
    std::chrono::milliseconds timeout{1000};
    std::size_t count = 5000;
    std::string user;
    std::string password;
    unsigned db = 0;
    backends::tls::Parameters tls{}; /* if it has no name, each server's own */
    bool surveyed = false;           /* see backends::Options */

    bool operator==(const StoreParameters&) const = default;
};

struct Directive {
    bool on = true;
    StoreParameters store;
    std::string prefix = "ngx_ssl:";
    std::vector<std::string> keys; /* files; the first one seals, all open */
    Tickets tickets = Tickets::off;
    EarlyData early_data = EarlyData::any;

    /* How long each key of shared tickets is used: 1 minute to 7 days. */
    std::chrono::seconds rotate = std::chrono::hours(1);

    bool operator==(const Directive&) const = default;
};

struct Parsed {
    Directive directive;
    std::string error; /* empty if all is well; else a message without an end */
    std::string hint{};                  /* what to do about it, or empty */
    std::vector<std::string> warnings{}; /* end with the directive's name */
    bool has_addr = false;               /* false if the default was used */
};

/* The name in a server's certificate: `tls_name`, or else its host. */
const std::string& tls_name(const StoreParameters& store,
                            const ServerParameters& server) noexcept;

/* Whether Redis Cluster would put all keys with this prefix into one slot. */
bool has_hash_tag(std::string_view prefix) noexcept;

/* The names of all parameters, without "on" and "off". */
std::vector<std::string_view> parameter_names();

/* Reads the directive's arguments, without its name. */
Parsed parse(std::span<const std::string_view> arguments);

}  // namespace session_cache
