#pragma once

#include "backends/store.hpp"
#include "coro/coroutine.hpp"
#include "support/test_store.hpp"

#include <string>
#include <vector>

namespace support {

// A resolver whose answers a test sets. It answers at once.
class TestResolver : public backends::Resolver {
  public:
    backends::Resolved resolve(std::string name, std::uint16_t /* port */,
                               coro::Time /* deadline */) override {
        asked.push_back(std::move(name));
        return answer;
    }

    void point_to(std::vector<backends::Address> addresses) {
        answer = {.addresses = std::move(addresses)};
    }

    backends::Resolved answer{.error = "Host not found"};
    std::vector<std::string> asked;
};

// Every name is this machine. The answer may take some time.
class LoopbackResolver : public backends::Resolver {
  public:
    backends::Resolved resolve(std::string name, std::uint16_t port,
                               coro::Time deadline) override {
        asked.push_back(std::move(name));
        if (takes_all_time && coro::wait(deadline) != coro::Wake::timeout) {
            return {.error = "cancelled"};
        }
        return {.addresses = {store_address(Address{"127.0.0.1", port})}};
    }

    std::vector<std::string> asked;
    bool takes_all_time = false;
};

}  // namespace support
