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

// A request of the binary protocol without extras.
inline std::string binary_request(unsigned char opcode, unsigned char number,
                                  const std::string& key = {},
                                  const std::string& value = {}) {
    std::string head(24, '\0');
    head[0] = '\x80';
    head[1] = static_cast<char>(opcode);
    head[3] = static_cast<char>(key.size());
    head[11] = static_cast<char>(key.size() + value.size());
    head[15] = static_cast<char>(number);
    return head + key + value;
}

// A memcached that wants the password "p" of "u", by SASL.
struct SaslProtocol {
    static inline const std::string probe =
        binary_request(0x20, 0).replace(23, 1, "\n");
    static inline const std::string probed = binary_reply(0x20, 0, "PLAIN");
    static inline const std::string auth =
        binary_request(0x21, 1, "PLAIN", std::string("\0u\0p", 4));
    static inline const std::string authenticated = binary_reply(0x21, 1);
    static inline const std::string version = binary_request(0x0b, 2);
    static inline const std::string told = binary_reply(0x0b, 2, "1.6.18");
    static inline const std::string ping = binary_request(0x0a, 3);
    static inline const std::string pong = binary_reply(0x0a, 3);
    static inline const Answer greeting[] = {
        {probe, probed}, {auth, authenticated}, {version, told}, {ping, pong}};

    static void connect(std::optional<TestStore>& store, const Peer& peer,
                        backends::Options options) {
        options.user = "u";
        options.password = "p";
        store.emplace(std::vector{store_server(store_address(peer))}, options);
    }
};

using FakeSaslMemcached = FakeServer<SaslProtocol>;

}  // namespace support
