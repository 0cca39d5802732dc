// A store whose process is away, dies, or stands still.

#include "store_cell.hpp"

#include <atomic>
#include <doctest/doctest.h>

using namespace support;

STORE_TEST_CASE("faults: a store that is away") {
    Server store;
    store.kill9();
    Node a(directive(store, quick), {});
    Node b(directive(store, quick), {});
    StoreCell cell(store_column<Server>(), "never there", store, a, b,
                   StoreCell::Store::away);
    cell.visit();
    cell.expect_full();
    store.start();
    cell.recovers();
}

STORE_TEST_CASE("faults: a store that dies") {
    Server store;
    Fleet fleet(store, {}, quick);
    {
        StoreCell cell(store_column<Server>(), "killed with -9", fleet);
        store.kill9();
        cell.visit();
        cell.expect_full();
        store.start();
        cell.recovers();
    }
    {
        StoreCell cell(store_column<Server>(), "killed under lookups", fleet);
        store.freeze();
        auto clients = cell.start();
        store.kill9();
        cell.finish(clients);
        cell.expect_full();
        store.start();
        cell.recovers();
    }
    {
        // Its data is gone with it.
        StoreCell cell(store_column<Server>(), "restarted", fleet);
        store.kill9();
        store.start();
        cell.visit();
        cell.expect_full();
        cell.recovers();
    }
}

STORE_TEST_CASE("faults: a store that stands still") {
    Server store;
    Fleet fleet(store, {}, quick);
    StoreCell cell(store_column<Server>(), "frozen, the request unread", fleet);
    store.freeze();
    cell.visit();
    cell.expect_full();
    store.thaw();
    cell.recovers();
}

STORE_TEST_CASE("faults: a store that stands still between request and reply") {
    std::atomic<int> replies = 0;
    Proxied<Server, FaultProxy> store;
    Fleet fleet(store, {}, quick);
    StoreCell cell(store_column<Server>(), "frozen, the request read", fleet);
    // The reply is seen but not passed on, so the store has read the request.
    store.proxy.set({.edit = [&](const std::string& reply) {
        replies += is_value(reply);
        return is_value(reply) ? "" : reply;
    }});
    auto clients = cell.start();
    CHECK(eventually([&] { return replies > 0; }));
    store.freeze();
    cell.finish(clients);
    cell.expect_full();
    store.proxy.heal();
    store.thaw();
    cell.recovers();
}
