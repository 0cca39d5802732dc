#pragma once

#include "support/fake_server.hpp"

namespace support {

struct RedisProtocol {
    static constexpr auto hello = "*2\r\n$5\r\nHELLO\r\n$1\r\n2\r\n";
    static constexpr auto refusal = "-ERR\r\n";
    static constexpr auto ping = "*1\r\n$4\r\nPING\r\n";
    static constexpr auto pong = "+PONG\r\n";
    static constexpr Answer greeting[] = {{hello, refusal}, {ping, pong}};

    static constexpr Answer survey[] = {
        {"*1\r\n$4\r\nTIME\r\n", "*2\r\n$10\r\n1700000000\r\n$6\r\n123456\r\n"},
        {"*2\r\n$4\r\nINFO\r\n$5\r\nstats\r\n",
         "$19\r\n#\r\nevicted_keys:0\r\n\r\n"}};

    static void connect(std::optional<TestStore>& store, const Peer& peer,
                        backends::Options options) {
        options.addresses.push_back(store_address(peer));
        store.emplace(std::move(options));
    }
};

using FakeRedis = FakeServer<RedisProtocol>;

}  // namespace support
