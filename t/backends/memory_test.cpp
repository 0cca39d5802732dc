// A store's client that is short of memory, wherever it is.

#include "support/allocations.hpp"
#include "support/both_stores.hpp"
#include "support/fault_proxy.hpp"
#include "support/test_store.hpp"

#include <doctest/doctest.h>
#include <functional>
#include <new>
#include <type_traits>

using backends::Status;
using namespace support;
using namespace std::chrono_literals;

namespace {

// Far more than a client's life takes.
constexpr std::size_t too_many = 2000;

// The life of a client of a real store, whose connection can be cut.
template <class Server>
class Life {
  public:
    // Whether it comes to its end before the `nth` allocation. That one fails
    // and so do `more` after it; then it has to be as if nothing had been.
    bool ends_before(std::size_t nth, std::size_t more) {
        proxy_.heal();
        Coroutines coroutines;
        Allocations::fail(nth, more);
        auto store = make(coroutines);
        if (store != nullptr) {
            live(coroutines, *store);
        }
        const bool over = Allocations::heal() < nth;

        if (store != nullptr) {
            CHECK(works(coroutines, *store));
            store->close();
            coroutines.loop.skip(1h);
            CHECK(coroutines.finish());
        }
        return over;
    }

  private:
    using Body = std::function<void(backends::Store&)>;

    // Null: it could not be, and has said so.
    std::unique_ptr<backends::Store> make(Coroutines& coroutines) {
        auto options = store_options(store_address(proxy_.address()));
        options.interval = 20ms;
        options.timeout = 300ms;
        const auto server = store_server(options.addresses.front());
        const auto log = [](backends::Level, std::string_view) {};
        const Allocations::Scope product(Allocations::Of::product);
        try {
            if constexpr (std::is_same_v<Server, MemcachedServer>) {
                return backends::make_memcached(coroutines.scheduler, {server},
                                                options, log);
            } else {
                return backends::make_redis(coroutines.scheduler, options, log);
            }
        } catch (const std::bad_alloc&) {
            return nullptr;
        }
    }

    // In a coroutine of its own, to its end, if there is one to be had.
    static void use(Coroutines& coroutines, backends::Store& store,
                    const Body& body) {
        bool done = false;
        const auto all = [&] {
            body(store);
            done = true;
        };
        if (coroutines.start(all)) {
            CHECK(coroutines.loop.run_until([&] { return done; }));
        }
    }

    // A connection, all that is done with it, its loss, and another one.
    void live(Coroutines& coroutines, backends::Store& store) {
        CHECK(works(coroutines, store));  // or it would be over too soon
        for (const auto then :
             {FaultProxy::Then::goes_on, FaultProxy::Then::closes}) {
            proxy_.set({.then = then});
            use(coroutines, store, [](auto& s) { s.fetch("nothing"); });
            use(coroutines, store, [](auto& s) {
                s.store("key", "a value that takes memory of its own", 60s);
                s.fetch("key");
                s.add("another key of some length", "value", 60s);
                s.erase("another key of some length");
                s.fetch("key");
            });
        }
        proxy_.heal();
        works(coroutines, store);
    }

    // Whether it does, in a while.
    bool works(Coroutines& coroutines, backends::Store& store) {
        const auto end = Clock::now() + patience;
        auto status = Status::down;
        while (status != Status::hit && Clock::now() < end) {
            use(coroutines, store, [&](auto& s) {
                s.store("key", "value", 60s);
                status = s.fetch("key").status;
            });
            coroutines.loop.run_once(1ms);
        }
        return status == Status::hit;
    }

    Server server_;
    FaultProxy proxy_{server_.unix_path()};
};

}  // namespace

STORE_TEST_CASE("memory: it may be short anywhere") {
    for (const std::size_t more : {0, 1, 5}) {
        Life<Server> life;
        std::size_t nth = 1;
        while (nth < too_many && !life.ends_before(nth, more)) {
            ++nth;
        }
        CAPTURE(nth);
        CHECK(nth > 50);
        CHECK(nth < too_many);
    }
}
