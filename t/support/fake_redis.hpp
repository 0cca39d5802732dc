#pragma once

#include "support/fake_server.hpp"

namespace support {

struct RedisProtocol {
    static constexpr auto ping = "*1\r\n$4\r\nPING\r\n";
    static constexpr auto pong = "+PONG\r\n";

    static void connect(std::optional<TestStore>& store, const Peer& peer,
                        backends::Options options) {
        options.addresses.push_back(store_address(peer));
        store.emplace(std::move(options));
    }
};

using FakeRedis = FakeServer<RedisProtocol>;

}  // namespace support
