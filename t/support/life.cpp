#include "support/life.hpp"

#include <doctest/doctest.h>
#include <new>

namespace support {

using backends::Status;
using backends::Store;
using namespace std::chrono_literals;

namespace {

// Far more than in a client's life.
constexpr std::size_t too_many = 20000;

bool keeps(Store& store, const std::string& key) {
    store.store(key, "value", 60s);
    return store.fetch(key).status == Status::hit;
}

}  // namespace

std::size_t Life::repeat(std::size_t more, std::size_t dense,
                         std::size_t step) {
    std::size_t nth = 1;
    while (nth < too_many && !ends_before(nth, more)) {
        nth += nth < dense ? 1 : step;
    }
    CHECK(nth < too_many);
    return nth;
}

// Whether it ends before the `nth` allocation. Whatever failed, in the end
// nothing may be different.
bool Life::ends_before(std::size_t nth, std::size_t more) {
    CAPTURE(nth);
    CAPTURE(more);
    Coroutines coroutines;
    Allocations::fail(nth, more);
    auto store = try_to_make(coroutines);
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

// Null if it could not be made, and reported that.
std::unique_ptr<Store> Life::try_to_make(Coroutines& coroutines) {
    const Allocations::Scope product(Allocations::Of::product);
    try {
        return make(coroutines);
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
}

backends::Log Life::log() {
    return [](backends::Level, std::string_view line) {
        const Allocations::Scope test(Allocations::Of::test);
        CAPTURE(line);
        CHECK(!line.ends_with(": "));  // it says why
    };
}

void Life::use(Coroutines& coroutines, Store& store, const Body& body) {
    bool done = false;
    const auto all = [&] {
        body(store);
        done = true;
    };
    if (coroutines.start(all)) {
        CHECK(coroutines.loop.run_until([&] { return done; }));
    }
}

bool Life::works(Coroutines& coroutines, Store& store) const {
    const auto end = Clock::now() + patience;
    std::size_t found = 0;
    while (found != keys().size() && Clock::now() < end) {
        use(coroutines, store, [&](auto& s) {
            found = 0;
            for (const auto& key : keys()) {
                found += keeps(s, key) ? 1 : 0;
            }
        });
        coroutines.loop.run_once(1ms);
        coroutines.loop.skip(20ms);  // it may rest for some time
    }
    return found == keys().size();
}

}  // namespace support
