#pragma once

#include "support/test_store.hpp"

#include <doctest/doctest.h>
#include <optional>

namespace support {

// A store, connected to what says things that no memcached would.
class FakeMemcached {
  public:
    FakeMemcached() {
        auto options = store_options();
        options.interval = interval;  // so that no PING comes between
        store.emplace(std::vector{store_server(store_address(peer))}, options);
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
        await(key, before);
        return fetch;
    }

    // What a fetch comes to when it is answered so.
    backends::Fetched fetch(const std::string& answer) {
        const auto fetch = begin_fetch("key");
        peer.send(answer);
        CHECK(store->loop.run_until([&] { return fetch->done; }));
        return fetch->result;
    }

    // A set that has arrived, and wants an answer.
    void set(const std::string& key) {
        store->loop.skip(interval);
        const auto before = peer.received().size();
        CHECK(store->store().store(key, "value", std::chrono::seconds(60)) ==
              backends::Status::queued);
        await("\r\nvalue\r\n", before);
    }

    // Answers the PING that comes next.
    void greet_again() {
        await("get ngx_ssl_session_cache_ping", 0);
        peer.send("END\r\n");
    }

    static constexpr std::chrono::hours interval{1};
    Peer peer;
    std::optional<TestStore> store;

  private:
    void await(const std::string& text, std::size_t from) {
        REQUIRE(store->loop.run_until(
            [&] { return peer.received().find(text, from) != text.npos; }));
    }

    void greet() {
        const auto times = store->logged("connected");
        REQUIRE(store->loop.run_until([this] { return peer.accept(); }));
        greet_again();
        REQUIRE(store->connects(times + 1));
    }
};

}  // namespace support
