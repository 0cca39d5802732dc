/*
 * A remote store as the sessions see it: bytes under keys, for a time.
 *
 * Whatever goes wrong is a Status; nothing here throws, and nothing waits
 * but fetch() and add(), which suspend the coroutine that calls them.
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
    Status status = Status::cancelled; /* unless it is answered */
    std::string value{};
    std::chrono::microseconds took{}; /* 0: nobody had to wait */
};

/* What became of an add(). */
enum class Addition {
    added,
    exists, /* there is a value, which stays */
    unknown /* no answer: the value may be there all the same */
};

/* What became of a claim(), and how far that is to be believed. */
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

    /* What the certificate there is to be for; empty: Options::tls_name. */
    std::string tls_name{};
};

struct Resolved {
    std::vector<Address> addresses{};
    std::string error{};  /* why there are none */
    bool is_sure = false; /* who has refused there before is to be asked */
};

/* Whoever can look a name up without blocking. */
class Resolver {
  public:
    virtual ~Resolver() = default;

    /*
     * Suspends the calling coroutine until there is an answer, `deadline`
     * has passed, or its wait is cancelled. May throw std::bad_alloc.
     */
    virtual Resolved resolve(std::string name, std::uint16_t port,
                             coro::Time deadline) = 0;

    /* Ends what resolve() does for one client, which closes, as far as to
     * cancel the wait that it began with does not. */
    virtual void close() noexcept {}
};

/* What both kinds of store are told. Equal options make equal stores. */
struct Options {
    static constexpr std::size_t unlimited =
        std::numeric_limits<std::size_t>::max();

    std::vector<Address> addresses; /* tried in turn; none: ask the resolver */
    std::string host;               /* the name that led to them, or empty */
    std::uint16_t port = 0;         /* with a name */
    Resolver* resolver = nullptr;   /* null: the addresses do not change */
    Resolver* names = nullptr;      /* for names that servers tell, or null */
    std::string user;               /* empty: a password alone */
    std::string password;           /* empty: no authentication */
    unsigned db = 0;
    std::shared_ptr<SSL_CTX> tls{}; /* null: none */
    std::string tls_name;           /* to be asked for and checked, or empty */
    std::chrono::milliseconds interval{200}; /* PING, reconnect */
    std::chrono::milliseconds spread{0};     /* within which clients that lose a
                                                server at once ask the resolver */
    std::chrono::milliseconds timeout{1000}; /* connect, each operation */
    std::size_t count = 5000;                /* length of the queue */
    std::size_t* queued = nullptr; /* by all who share `count`; null: it has its
                                      own */
    Meter* meter = nullptr;        /* what to count with; null: nobody looks */

    /* Whether the store is asked now and then for its time and for how much it
     * has thrown out, without which no claim() is on firm ground. */
    bool surveyed = false;

    /* This machine's own time, since 1970; null: the system's. */
    WallClock wall{};

    /* Whether anybody may ask the store again; null: always. It throws
     * nothing. As long as it is false, and nothing is queued, the store has
     * no connection. */
    std::function<bool()> wanted{};

    /* Called when a connection is up, of each server; null: nobody wants to
     * know. It throws nothing and does not wait. */
    std::function<void()> connected{};

    /* Likewise when a connection was lost, or none of the addresses could be
     * connected to. */
    std::function<void()> lost{};
};

enum class Level { error, notice };

/* Receives a line about the store, at each change and not at each request. */
using Log = std::function<void(Level level, std::string_view line)>;

class Store {
  public:
    /* Times to live are of 1 s and more; what is longer than this is this. */
    static constexpr std::chrono::seconds max_ttl =
        std::chrono::hours(24) * 36525; /* a century */

    /*
     * Closes the connection. The scheduler must not have anybody waiting in
     * fetch() or add() by then, nor run the store's own coroutine any more; a
     * worker that ends calls close() and leaves the rest to the process's end.
     */
    virtual ~Store() = default;

    /*
     * Looks `key` up, suspending the calling coroutine until there is an
     * answer or `timeout` has passed, but not beyond `deadline`, a time of the
     * loop's clock. Outside a coroutine: busy.
     */
    virtual Fetched fetch(std::string_view key,
                          coro::Time deadline = coro::never) noexcept = 0;

    /* As fetch(), for no client: it is not counted. */
    virtual Fetched peek(std::string_view key) noexcept = 0;

    /*
     * Stores `value` for `ttl` (see max_ttl) if there is none for `key`, for
     * only one of all who do so at once. Suspends as fetch() does, and what
     * both refer to has to last as long. Outside a coroutine: unknown.
     */
    virtual Addition add(std::string_view key, std::string_view value,
                         std::chrono::seconds ttl) noexcept = 0;

    /*
     * Adds a value to `key` for `ttl`, and finds out whether the store may have
     * forgotten one that was there. Suspends as fetch() does. Outside a
     * coroutine: unknown.
     */
    virtual Claimed claim(std::string_view key, std::chrono::seconds ttl,
                          coro::Time deadline) noexcept = 0;

    /* Stores `value` for `ttl` (see max_ttl), replacing any other. */
    virtual Status store(std::string_view key, std::string_view value,
                         std::chrono::seconds ttl) noexcept = 0;

    virtual Status erase(std::string_view key) noexcept = 0;

    /* Has to be called when what Options::wanted says may have changed. */
    virtual void reconsider() noexcept = 0;

    /*
     * Sends what is queued as far as it goes out at once (the store may still
     * drop the last of it with the connection), releases whoever
     * waits, closes the connection and ends the store's coroutine.
     */
    virtual void close() noexcept = 0;
};

/* One of several servers, over which the keys are spread. */
struct Server {
    std::string name; /* as configured: the same on every node of a fleet */
    std::vector<Address> addresses{}; /* tried in turn; none: see Options */
    std::string host{};               /* the name that led to them, or empty */
    std::uint16_t port = 0;           /* with a name */
    unsigned weight = 1;              /* its share, compared with the others' */
    std::string tls_name{};           /* as in Options */
    Meter* meter = nullptr;           /* as in Options */
};

/* Meters of servers that come and go while a store is in use. */
class Meters {
  public:
    virtual ~Meters() = default;

    /* Of a server of that name. May throw std::bad_alloc. */
    virtual Meter& take(const std::string& name) = 0;

    /* Nobody counts with it any more. */
    virtual void give_back(Meter& meter) noexcept = 0;
};

/*
 * Each starts to connect at once, in a coroutine of its own, or tries to again
 * after `interval` when there is no stack. `scheduler` has to outlive the
 * store. These throw std::bad_alloc.
 */
std::unique_ptr<Store> make_redis(coro::Scheduler& scheduler, Options options,
                                  Log log);

/* The Sentinels of a master, which they know by a name. */
struct Watch {
    std::string master;
    std::vector<Server> sentinels{}; /* without meters */
    std::string user{};              /* empty: a password alone */
    std::string password{};          /* empty: no authentication */
};

/* The master that Sentinels name, wherever it is. `options` has no address
 * and no host, and its tls_name is empty unless it is one for all. */
std::unique_ptr<Store> make_sentinel(coro::Scheduler& scheduler,
                                     Options options, const Watch& watch,
                                     Log log);

/*
 * Redis Cluster. `seeds`, one at least, are asked for its servers, with
 * `options` but for what a Server has, of which `tls_name` is used if
 * `options` has none. With `options.meter` is counted what no server can be
 * asked for. `meters` may be null, or has to outlive the store.
 */
std::unique_ptr<Store> make_redis_cluster(coro::Scheduler& scheduler,
                                          std::vector<Server> seeds,
                                          Options options, const Log& log,
                                          Meters* meters);

/*
 * `options` but for what a Server has hold for each of them, of which there
 * are 1 to memcached::Ring::max_servers. If they are several, what
 * memcached::Ring::load() returned has to have been empty.
 */
std::unique_ptr<Store> make_memcached(coro::Scheduler& scheduler,
                                      const std::vector<Server>& servers,
                                      const Options& options, const Log& log);

}  // namespace backends
