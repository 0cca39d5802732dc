// libmemcached yields for us, and for nobody else.

#include "backends/memcached/libmemcached.hpp"
#include "support/test_store.hpp"

#include <doctest/doctest.h>
#include <memory>
#include <poll.h>
#include <sys/socket.h>

using backends::libmemcached::api;
using namespace support;

namespace {

// Somebody else's client, which knows of no coroutine.
struct Other {
    std::unique_ptr<memcached_st, decltype(api.free_)> handle{
        api.create_(nullptr), api.free_};

    explicit Other(const MemcachedServer& server) {
        api.server_add_unix_socket_with_weight_(handle.get(),
                                                server.unix_path().c_str(), 1);
        api.behavior_set_(handle.get(), MEMCACHED_BEHAVIOR_NO_BLOCK, 1);
        api.behavior_set_(handle.get(), MEMCACHED_BEHAVIOR_POLL_TIMEOUT, 100);
    }

    memcached_return_t set() {
        return api.set_(handle.get(), "other", 5, "value", 5, 0, 0);
    }
};

// Two sockets that are connected.
struct Pair {
    UniqueFd ours;
    UniqueFd theirs;

    Pair() {
        int ends[2];
        REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0);
        ours = UniqueFd(ends[0]);
        theirs = UniqueFd(ends[1]);
    }
};

}  // namespace

TEST_CASE("libmemcached: is loaded, once") {
    CHECK(backends::libmemcached::load() == "");
    const auto before = api.create_;
    CHECK(backends::libmemcached::load() == "");
    CHECK((api.create_ == before));
}

TEST_CASE("libmemcached: whoever else uses it still waits in poll(2)") {
    REQUIRE(backends::libmemcached::load() == "");
    MemcachedServer memcached;
    TestStore s({store_server(memcached)});
    REQUIRE(s.connects());
    Other other(memcached);

    CHECK(other.set() == MEMCACHED_SUCCESS);
    CHECK(s.fetch("other").value == "value");

    // our client is suspended within the library meanwhile
    memcached.freeze();
    const auto fetch = s.begin_fetch("other");
    s.loop.run_turns(5);
    CHECK(other.set() != MEMCACHED_SUCCESS);
    bool failed = false;
    s.start([&] { failed = other.set() != MEMCACHED_SUCCESS; });
    CHECK(failed);  // it never suspended the coroutine
    CHECK_FALSE(fetch->done);

    memcached.thaw();
    CHECK(s.loop.run_until([&] { return fetch->done; }));
    CHECK(fetch->result.value == "value");
}

TEST_CASE("libmemcached: a socket with the number of one before is another") {
    Coroutines c;
    backends::libmemcached::Yielding yielding(c.scheduler);
    Pair before;
    Pair after;
    int ready = 0;
    const auto poll = [&] {
        short events = 0;
        ready += yielding(coro::never, [&] {
            return yielding.poll(before.ours.get(), POLLIN, events);
        });
    };

    REQUIRE(c.start(poll));
    REQUIRE(send(before.theirs.get(), "x", 1, 0) == 1);
    CHECK(c.finish());
    CHECK(ready == 1);

    before.theirs.reset();
    REQUIRE(dup2(after.ours.get(), before.ours.get()) == before.ours.get());
    REQUIRE(c.start(poll));
    c.loop.run_turns(5);
    CHECK(ready == 1);
    REQUIRE(send(after.theirs.get(), "x", 1, 0) == 1);
    CHECK(c.finish());
    CHECK(ready == 2);
}
