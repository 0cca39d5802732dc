#pragma once

#include "support/test_store.hpp"

#include <doctest/doctest.h>
#include <optional>

namespace support {

// A store, connected to what says things that no Redis would.
class FakeRedis {
  public:
    FakeRedis() {
        auto options = store_options(store_address(peer));
        options.interval = interval;  // so that no PING comes between
        store.emplace(std::move(options));
        greet();
    }

    // Takes the store's next connection.
    void reconnect() {
        store->loop.skip(interval);
        greet();
    }

    // A fetch whose command has arrived.
    std::shared_ptr<TestStore::Fetch> begin_fetch(const std::string& key) {
        const auto before = peer.received().size();
        auto fetch = store->begin_fetch(key);
        REQUIRE(store->loop.run_until(
            [&] { return peer.received().find(key, before) != key.npos; }));
        return fetch;
    }

    // What a fetch comes to when it is answered so.
    backends::Fetched fetch(const std::string& answer) {
        const auto fetch = begin_fetch("key");
        peer.send(answer);
        CHECK(store->loop.run_until([&] { return fetch->done; }));
        return fetch->result;
    }

    static constexpr std::chrono::hours interval{1};
    Peer peer;
    std::optional<TestStore> store;

  private:
    void greet() {
        const auto times = store->logged("connected");
        REQUIRE(store->loop.run_until([this] { return peer.accept(); }));
        REQUIRE(store->loop.run_until(
            [this] { return peer.received() == "*1\r\n$4\r\nPING\r\n"; }));
        peer.send("+PONG\r\n");
        REQUIRE(store->connects(times + 1));
    }
};

}  // namespace support
