// nginx's own shared cache in front of the store.

#include "support/node.hpp"

#include <doctest/doctest.h>

using namespace support;

namespace {

// Adds a session of node a's that node b has resumed, and empties the store.
TlsOptions resumed_once(Fleet& fleet, TlsOptions options) {
    options.session = fleet.make(options);
    CHECK(fleet.b.get(options).reused);
    fleet.store.flush();
    return options;
}

}  // namespace

STORE_TEST_CASE("a new session goes to the local cache and to the store") {
    Server store;
    Fleet fleet(store, shared_cache());
    for (const auto& options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        CHECK(fleet.a.get(resumed_once(fleet, options)).reused);
    }
}

STORE_TEST_CASE("a hit in the store fills the local cache") {
    Server store;
    Fleet fleet(store, shared_cache());
    for (const auto& options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        CHECK(fleet.b.get(resumed_once(fleet, options)).reused);
    }
}

STORE_TEST_CASE("without a local cache nothing is kept but in the store") {
    Server store;
    Fleet fleet(store);
    for (const auto& options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        CHECK_FALSE(fleet.b.get(resumed_once(fleet, options)).reused);
    }
}

STORE_TEST_CASE("a local hit does not ask the store") {
    Server store;
    Fleet fleet(store, shared_cache());
    for (auto options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        options.session = fleet.make(options);
        // A node that asked it now would wait far longer than the test does.
        store.freeze();
        CHECK(fleet.a.get(options).reused);
        store.thaw();
    }
}

STORE_TEST_CASE("a local hit needs no store at all") {
    Server store;
    Fleet fleet(store, shared_cache());
    std::size_t starts = 1;
    for (auto options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        options.session = fleet.make(options);
        store.kill9();
        CHECK(fleet.a.get(options).reused);
        CHECK_FALSE(fleet.b.get(options).reused);
        store.start();
        REQUIRE(fleet.a.connected(++starts));
    }
}

STORE_TEST_CASE("a session that went bad is removed from both") {
    Server store;
    Fleet fleet(store, shared_cache());
    const auto session = fleet.make(tls12());
    const auto key = "ngx_ssl:" + session_id(session);

    spoil(fleet.a, session);
    CHECK(eventually([&] { return !store.exists(key); }));
    CHECK_FALSE(fleet.a.get(tls12(session)).reused);
}

STORE_TEST_CASE("the store takes the place of OpenSSL's builtin cache") {
    NodeConfig config;
    config.server = "ssl_session_cache builtin:1000;";
    Server store;
    Fleet fleet(store, config);
    CHECK(count_warnings(fleet.a.nginx().log()) == 1);
    CHECK(fleet.a.nginx().log_count("builtin") == 1);
    for (auto options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        options.session = fleet.make(options);
        CHECK(fleet.b.get(options).reused);
        CHECK(fleet.a.get(options).reused);
    }
}
