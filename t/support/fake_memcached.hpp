#pragma once

#include "support/fake_server.hpp"

namespace support {

struct MemcachedProtocol {
    static constexpr auto ping = "get ngx_ssl_session_cache_ping\r\n";
    static constexpr auto pong = "END\r\n";
    static constexpr Answer greeting[] = {{"version\r\n", "VERSION 1.6.18\r\n"},
                                          {ping, pong}};

    static void connect(std::optional<TestStore>& store, const Peer& peer,
                        const backends::Options& options) {
        store.emplace(std::vector{store_server(store_address(peer))}, options);
    }
};

class FakeMemcached : public FakeServer<MemcachedProtocol> {
  public:
    // A set that has arrived, and wants an answer.
    void set(const std::string& key) {
        const auto before = peer.received().size();
        CHECK(store->store().store(key, "value", std::chrono::seconds(60)) ==
              backends::Status::queued);
        await("\r\nvalue\r\n", before);
    }
};

}  // namespace support
