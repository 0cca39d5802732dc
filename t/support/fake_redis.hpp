#pragma once

#include "support/fake_server.hpp"

namespace support {

struct RedisProtocol {
    static constexpr auto hello = "*2\r\n$5\r\nHELLO\r\n$1\r\n2\r\n";
    static constexpr auto refusal = "-ERR\r\n";
    static constexpr auto ping = "*1\r\n$4\r\nPING\r\n";
    static constexpr auto pong = "+PONG\r\n";
    static constexpr Answer greeting[] = {{hello, refusal}, {ping, pong}};

    static void connect(std::optional<TestStore>& store, const Peer& peer,
                        backends::Options options) {
        options.addresses.push_back(store_address(peer));
        store.emplace(std::move(options));
    }
};

using FakeRedis = FakeServer<RedisProtocol>;

}  // namespace support
