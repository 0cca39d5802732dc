#pragma once

#include "support/fake_server.hpp"

namespace support {

struct MemcachedProtocol {
    static constexpr auto ping = "get ngx_ssl_session_cache_ping\r\n";
    static constexpr auto pong = "END\r\n";
    static constexpr Answer greeting[] = {{"version\r\n", "VERSION 1.6.18\r\n"},
                                          {ping, pong}};

    static constexpr Answer survey[] = {
        {"stats\r\n", "STAT pid 1\r\nSTAT time 1700000000\r\n"
                      "STAT evictions 0\r\nEND\r\n"}};

    static void connect(std::optional<TestStore>& store, const Peer& peer,
                        const backends::Options& options) {
        store.emplace(std::vector{store_server(store_address(peer))}, options);
    }
};

class FakeMemcached : public FakeServer<MemcachedProtocol> {
  public:
    using FakeServer::FakeServer;

    // A set that has arrived, and waits for an answer.
    void set(const std::string& key) {
        const auto before = peer.received().size();
        CHECK(store->store().store(key, "value", std::chrono::seconds(60)) ==
              backends::Status::queued);
        await("\r\nvalue\r\n", before);
    }
};

// A reply of the binary protocol, `extras` bytes of whose body precede the
// rest.
inline std::string binary_reply(unsigned char opcode, unsigned char number,
                                const std::string& body = {},
                                unsigned char extras = 0) {
    std::string head(24, '\0');
    head[0] = '\x81';
    head[1] = static_cast<char>(opcode);
    head[4] = static_cast<char>(extras);
    head[11] = static_cast<char>(body.size());
    head[15] = static_cast<char>(number);
    return head + body;
}

// A memcached that wants a password, by SASL. It accepts everything.
struct SaslProtocol {
    struct Answered {
        std::size_t size = 0;
        std::string answer{};
    };

    static Answered answer(std::string_view asked) {
        if (asked.size() < 24 ||
            asked.size() < 24U + static_cast<unsigned char>(asked[11])) {
            return {};
        }
        return {24U + static_cast<unsigned char>(asked[11]),
                binary_reply(static_cast<unsigned char>(asked[1]),
                             static_cast<unsigned char>(asked[15]))};
    }

    static void connect(std::optional<TestStore>& store, const Peer& peer,
                        backends::Options options) {
        options.user = "u";
        options.password = "p";
        store.emplace(std::vector{store_server(store_address(peer))}, options);
    }
};

class FakeSaslMemcached : public FakeServer<SaslProtocol> {
  public:
    using FakeServer::FakeServer;

    // The result of a fetch of "key" that is a hit.
    backends::Fetched fetch_hit(const std::string& value) {
        const auto fetch = begin_fetch("key");
        const auto& received = peer.received();
        const char number = received.at(received.size() - 3 - 24 + 15);
        peer.send(binary_reply(0, static_cast<unsigned char>(number),
                               std::string(4, '\0') + value, 4));
        CHECK(store->loop.run_until([&] { return fetch->done; }));
        return fetch->result;
    }
};

}  // namespace support
