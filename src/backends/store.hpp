/*
 * A remote store as sessions need it: bytes under keys, for a time.
 *
 * Whatever goes wrong is a Status. Nothing in Store throws. Only fetch(),
 * peek(), add() and claim() wait, by suspending the calling coroutine.
 */

#pragma once

#include "backends/footing.hpp"
#include "backends/meter.hpp"
#include "coro/coroutine.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <openssl/ossl_typ.h>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <vector>

namespace backends {

struct Fetched {
    Status status = Status::cancelled; /* until it is answered */
    std::string value{};
    std::chrono::microseconds took{}; /* 0 if nobody had to wait */
};

/* What became of an add(). */
enum class Addition {
    added,
    exists, /* there is a value, which stays */
    unknown /* no clear answer: the value may be there */
};

/* What became of a claim(), and how far that can be believed. */
struct Claimed {
    Addition addition = Addition::unknown;
    Footing footing{};
    std::chrono::microseconds took{}; /* as in Fetched */
};

/* A place where the store may be found. */
struct Address {
    sockaddr_storage storage;
    socklen_t length;
    std::string text; /* for log lines */

    /* The name in the certificate there; if empty, Options::tls_name. */
    std::string tls_name{};
};

struct Resolved {
    std::vector<Address> addresses{};
    std::string error{};  /* why there are none */
    bool is_sure = false; /* ask even where a server has refused */
};

/* Looks names up without blocking. */
class Resolver {
  public:
    virtual ~Resolver() = default;

    /*
     * Suspends the calling coroutine until there is an answer, `deadline`
     * has passed, or its wait is cancelled. May throw std::bad_alloc.
     */
    virtual Resolved resolve(std::string name, std::uint16_t port,
                             coro::Time deadline) = 0;

    /* Ends what resolve() does for one client that closes, where cancelling the
     * wait with which it began is not enough. */
    virtual void close() noexcept {}
};

/* Options of both kinds of store. Equal options make equal stores. */
struct Options {
    static constexpr std::size_t unlimited =
        std::numeric_limits<std::size_t>::max();

    std::vector<Address> addresses; /* tried in turn; empty: ask the resolver */
    std::string host;               /* the name that led to them, or empty */
    std::uint16_t port = 0;         /* with a name */
    Resolver* resolver = nullptr;   /* null if the addresses do not change */
    Resolver* names = nullptr;      /* for names that servers report, or null */
    std::string user;               /* empty: a password alone */
    std::string password;           /* empty: no authentication */
    unsigned db = 0;
    std::shared_ptr<SSL_CTX> tls{}; /* null: none */
    std::string tls_name;           /* to ask for and to check, or empty */
    std::chrono::milliseconds interval{200}; /* PING, reconnect */
    std::chrono::milliseconds spread{0}; /* time over which clients that lose a
                                            server together ask the resolver */
    std::chrono::milliseconds timeout{1000}; /* connect, each operation */
    std::size_t count = 5000;                /* length of the queue */
    std::size_t* queued = nullptr; /* by all who share `count`; or null */
    Meter* meter = nullptr;        /* null if nobody looks */

    /* Whether the store is regularly asked for its time and for how much it has
     * thrown out. Without this, no claim() can be believed. */
    bool surveyed = false;

    /* This machine's time since 1970. If null, the system's. */
    WallClock wall{};

    /* Whether anybody may ask the store again. If null, always. Must not throw.
     * While it is false and nothing is queued, the store has no connection. */
    std::function<bool()> wanted{};

    /* Called when a connection to any server is up. May be null. Must not throw
     * or wait. */
    std::function<void()> connected{};

    /* Likewise, when a connection was lost, or no address could be connected
     * to. */
    std::function<void()> lost{};
};

enum class Level { error, notice };

/* Receives a line about the store at each change, not at each request. */
using Log = std::function<void(Level level, std::string_view line)>;

class Store {
  public:
    /* Times to live are at least 1 s. Longer ones than this are shortened to
     * this. */
    static constexpr std::chrono::seconds max_ttl =
        std::chrono::hours(24) * 36525; /* a century */

    /*
     * Closes the connection. By then, nobody may wait in fetch() or add(), and
     * the store's own coroutine must have ended. A worker that ends calls
     * close(), and leaves the rest to the end of the process.
     */
    virtual ~Store() = default;

    /*
     * Looks `key` up. Suspends the calling coroutine until there is an answer
     * or `timeout` has passed, but not beyond `deadline`, a time of the loop's
     * clock. Outside of a coroutine: busy.
     */
    virtual Fetched fetch(std::string_view key,
                          coro::Time deadline = coro::never) noexcept = 0;

    /* As fetch(), but not for a client, and not counted. */
    virtual Fetched peek(std::string_view key) noexcept = 0;

    /*
     * Stores `value` for `ttl` (see max_ttl) if `key` has none. Of all clients
     * that do so at once, only one succeeds. Suspends as fetch() does, and
     * `key` and `value` have to last as long. Outside of a coroutine: unknown.
     */
    virtual Addition add(std::string_view key, std::string_view value,
                         std::chrono::seconds ttl) noexcept = 0;

    /*
     * Adds a value to `key` for `ttl`, and finds out whether the store may have
     * forgotten one that was there. Suspends as fetch() does. Outside of a
     * coroutine: unknown.
     */
    virtual Claimed claim(std::string_view key, std::chrono::seconds ttl,
                          coro::Time deadline) noexcept = 0;

    /* Stores `value` for `ttl` (see max_ttl), replacing any other. */
    virtual Status store(std::string_view key, std::string_view value,
                         std::chrono::seconds ttl) noexcept = 0;

    virtual Status erase(std::string_view key) noexcept = 0;

    /* Call this when the result of Options::wanted may have changed. */
    virtual void reconsider() noexcept = 0;

    /*
     * Sends as much of the queue as leaves at once (the store may still drop
     * the last of it with the connection). Releases everyone who waits, closes
     * the connection and ends the store's coroutine.
     */
    virtual void close() noexcept = 0;
};

/* One of several servers over which the keys are spread. */
struct Server {
    std::string name; /* as configured, and the same on every node */
    std::vector<Address> addresses{}; /* tried in turn; if empty, see Options */
    std::string host{};               /* the name that led to them, or empty */
    std::uint16_t port = 0;           /* with a name */
    unsigned weight = 1;              /* its share, relative to the others' */
    std::string tls_name{};           /* as in Options */
    Meter* meter = nullptr;           /* as in Options */
};

/* Meters for servers that come and go while a store is in use. */
class Meters {
  public:
    virtual ~Meters() = default;

    /* A meter for the server `name`. May throw std::bad_alloc. */
    virtual Meter& take(const std::string& name) = 0;

    /* Returns a meter that is not used any more. */
    virtual void give_back(Meter& meter) noexcept = 0;
};

/*
 * The make_ functions throw std::bad_alloc. The store begins to connect at
 * once, in a coroutine of its own. If there is no stack, it tries again after
 * `interval`. `scheduler` has to outlive the store.
 */
std::unique_ptr<Store> make_redis(coro::Scheduler& scheduler, Options options,
                                  Log log);

/* The Sentinels of a master, and the name by which they know it. */
struct Watch {
    std::string master;
    std::vector<Server> sentinels{}; /* their meters are unused */
    std::string user{};              /* empty: a password alone */
    std::string password{};          /* empty: no authentication */
};

/* The master that Sentinels name, wherever it is. `options` has no address and
 * no host. Its tls_name is empty, unless one name is right for all servers. */
std::unique_ptr<Store> make_sentinel(coro::Scheduler& scheduler,
                                     Options options, const Watch& watch,
                                     Log log);

/*
 * Redis Cluster. `seeds`, at least one, are asked for the cluster's servers.
 * `options` hold for all, except for the fields of Server. A Server's
 * `tls_name` is used if `options` has none. `options.meter` counts requests for
 * which there is no server. `meters` may be null, or has to outlive the store.
 */
std::unique_ptr<Store> make_redis_cluster(coro::Scheduler& scheduler,
                                          std::vector<Server> seeds,
                                          Options options, const Log& log,
                                          Meters* meters);

/*
 * 1 to memcached::Ring::max_servers servers. `options` hold for each of them,
 * except for the fields of Server. If there are several,
 * memcached::Ring::load() must have returned an empty string.
 */
std::unique_ptr<Store> make_memcached(coro::Scheduler& scheduler,
                                      const std::vector<Server>& servers,
                                      const Options& options, const Log& log);

}  // namespace backends
