// A store's client that runs out of memory, at every possible point.

#include "support/both_stores.hpp"
#include "support/fault_proxy.hpp"
#include "support/life.hpp"
#include "support/test_store.hpp"

#include <doctest/doctest.h>
#include <type_traits>

using namespace support;
using namespace std::chrono_literals;

namespace {

// The life of a client of a real store, whose connection can be cut.
template <class Server>
class LifeOfOne : public Life {
  private:
    std::unique_ptr<backends::Store> make(Coroutines& coroutines) override {
        const Allocations::Scope test(Allocations::Of::test);
        auto options = store_options(store_address(proxy_.address()));
        options.interval = 20ms;
        options.timeout = 300ms;
        options.surveyed = true;
        const auto server = store_server(options.addresses.front());
        const auto logger = log();
        const Allocations::Scope product(Allocations::Of::product);
        if constexpr (std::is_same_v<Server, MemcachedServer>) {
            return backends::make_memcached(coroutines.scheduler, {server},
                                            options, logger);
        } else {
            return backends::make_redis(coroutines.scheduler, options, logger);
        }
    }

    // Connects, does all that a client does, loses the connection, and
    // reconnects.
    void live(Coroutines& coroutines, backends::Store& store) override {
        CHECK(works(coroutines, store));  // or it would end too soon
        for (const auto then :
             {FaultProxy::Then::goes_on, FaultProxy::Then::closes}) {
            proxy_.set({.then = then});
            use(coroutines, store, [](auto& s) { s.fetch("nothing"); });
            use(coroutines, store, [](auto& s) {
                s.store("key", "a value that takes memory of its own", 60s);
                s.fetch("key");
                s.add("another key of some length", "value", 60s);
                s.claim("another key of some length", 60s, coro::never);
                s.erase("another key of some length");
                s.fetch("key");
            });
        }
        proxy_.heal();
        works(coroutines, store);
    }

    const std::vector<std::string>& keys() const override { return keys_; }

    const std::vector<std::string> keys_{"key"};
    Server server_;
    FaultProxy proxy_{server_.unix_path()};
};

}  // namespace

STORE_TEST_CASE("memory: it may be short anywhere") {
    LifeOfOne<Server> life;
    for (const std::size_t more : {0, 1, 5}) {
        CHECK(life.repeat(more) > 50);
    }
}
