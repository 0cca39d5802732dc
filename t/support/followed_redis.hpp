#pragma once

#include "support/test_store.hpp"

#include <string>

namespace support {

// A log line about a server, by its address.
inline std::string line(const RedisServer& server, const std::string& what) {
    return server.address().text() + ": " + what;
}

// Whether the client's new sessions are at this server, in the end.
inline bool lands(TestStore& s, const RedisServer& server) {
    static int n = 0;
    return s.loop.run_until([&] {
        const auto key = "new" + std::to_string(++n);
        s.store().store(key, "value", std::chrono::seconds(60));
        s.fetch(key);
        return server.client().exists(key);
    });
}

}  // namespace support
