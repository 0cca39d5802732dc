// Lookups that come before a store's first connection is up.

#include "support/memory_checker.hpp"
#include "support/test_store.hpp"

#include <doctest/doctest.h>
#include <sys/resource.h>

using backends::Status;
using namespace support;
using namespace std::chrono_literals;

namespace {

constexpr auto interval = 50ms;

// A new client of the server, whatever its state.
template <class Server>
std::unique_ptr<TestStore> make_store(const Server& server,
                                      std::size_t count = 100) {
    backends::Options options = store_options();
    options.interval = interval;
    options.count = count;
    return store_of(server, options);
}

bool all_done(const TestStore::Fetches& fetches) {
    return std::all_of(fetches.begin(), fetches.end(),
                       [](const auto& fetch) { return fetch->done; });
}

void check_all(const TestStore::Fetches& fetches, Status status) {
    for (const auto& fetch : fetches) {
        CHECK(fetch->result.status == status);
    }
}

}  // namespace

TEST_CASE_TEMPLATE("start: first lookups wait for the connection", Server,
                   RedisServer, MemcachedServer) {
    Server server;
    server.set("key0", "value");
    const auto s = make_store(server);
    const auto fetches = s->begin_fetches(10, "key");
    const auto same = s->begin_fetch("key0");
    CHECK_FALSE(all_done(fetches));
    CHECK(s->loop.run_until([&] { return all_done(fetches) && same->done; }));
    CHECK(fetches[0]->result.value == "value");
    CHECK(same->result.value == "value");
    check_all({fetches.begin() + 1, fetches.end()}, Status::miss);
}

TEST_CASE_TEMPLATE("start: they wait for an interval at most", Server,
                   RedisServer, MemcachedServer) {
    Server server;
    server.freeze();
    const auto s = make_store(server);
    const auto fetches = s->begin_fetches(10, "key");
    s->loop.run_turns(5);
    CHECK_FALSE(all_done(fetches));
    s->loop.skip(interval);
    CHECK(s->loop.run_until([&] { return all_done(fetches); }));
    check_all(fetches, Status::down);
    // Later lookups do not wait, though it is not known yet whether the
    // connection will succeed.
    CHECK(s->at_once(Status::down));
    CHECK(s->log().empty());
    server.thaw();
    CHECK(s->connects());
    CHECK(s->fetch("key0").status == Status::miss);
}

TEST_CASE_TEMPLATE("start: a store that is not there keeps nobody waiting",
                   Server, RedisServer, MemcachedServer) {
    Server server;
    server.kill9();
    const auto s = make_store(server);
    const auto fetch = s->begin_fetch("key");
    CHECK(s->loop.run_until([&] { return fetch->done; }));
    CHECK(fetch->result.status == Status::down);
    CHECK(s->at_once(Status::down));
}

TEST_CASE_TEMPLATE("start: no more wait than the queue has places", Server,
                   RedisServer, MemcachedServer) {
    Server server;
    server.freeze();
    const auto s = make_store(server, 4);
    const auto fetches = s->begin_fetches(4, "key");
    CHECK_FALSE(fetches.back()->done);
    const auto refused = s->begin_fetch("another");
    CHECK(refused->done);
    CHECK(refused->result.status == Status::busy);
    CHECK(s->logged("queue is full: 4") == 1);
    server.thaw();
    CHECK(s->loop.run_until([&] { return all_done(fetches); }));
    CHECK(s->connects());
    CHECK(s->fetch("another").status == Status::miss);
}

TEST_CASE_TEMPLATE("start: close() releases who waits, cancelled ones too",
                   Server, RedisServer, MemcachedServer) {
    Server server;
    server.freeze();
    const auto s = make_store(server);
    const auto cancelled = s->begin_fetch("key0");
    const auto fetches = s->begin_fetches(10, "key");
    s->scheduler.wake(cancelled->waker, coro::Wake::cancelled);
    CHECK(s->loop.run_until([&] { return cancelled->done; }));
    CHECK(cancelled->result.status == Status::cancelled);
    CHECK_FALSE(all_done(fetches));
    s->store().close();
    CHECK(s->loop.run_until([&] { return all_done(fetches); }));
    check_all(fetches, Status::down);
}

namespace {

// While it lives, no memory can be mapped.
class NoMappings {
  public:
    NoMappings() {
        getrlimit(RLIMIT_AS, &before_);
        rlimit none = before_;
        none.rlim_cur = 0;
        REQUIRE(setrlimit(RLIMIT_AS, &none) == 0);
    }
    ~NoMappings() { setrlimit(RLIMIT_AS, &before_); }

  private:
    rlimit before_{};
};

}  // namespace

TEST_CASE_TEMPLATE("start: without a stack it is tried again" *
                       doctest::skip(in_sanitizer()),
                   Server, RedisServer, MemcachedServer) {
    Server server;
    std::unique_ptr<TestStore> s;
    std::free(std::malloc(64 * 1024));  // from now on the heap has some
    {
        const NoMappings none;
        s = make_store(server);
    }
    CHECK(s->scheduler.alive() == 0);
    s->loop.skip(interval);
    CHECK(s->connects());
    CHECK(s->fetch("key").status == Status::miss);
}
