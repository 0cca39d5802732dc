#pragma once

#include "fleet/delay_proxy.hpp"

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace fleet {

// A proxy for each of a store's servers, in their order.
class Proxies {
  public:
    void add(const support::Address& server) {
        auto proxy = std::make_unique<DelayProxy>(server);
        const std::lock_guard lock(mutex_);
        all_.push_back(std::move(proxy));
    }

    const support::Address& operator[](std::size_t i) const {
        return all_.at(i)->address();
    }

    std::string port(std::size_t i) const {
        return std::to_string((*this)[i].port);
    }

    // For a request and its answer together.
    void set_delay(support::Milliseconds delay) {
        for (auto& proxy : all_) {
            proxy->set_delay(delay / 2);
        }
    }

    // By any thread.
    std::uint64_t requests() const {
        const std::lock_guard lock(mutex_);
        std::uint64_t sum = 0;
        for (const auto& proxy : all_) {
            sum += proxy->requests();
        }
        return sum;
    }

    // The directive's parameter for the first `count`.
    std::string parameters(std::size_t count) const {
        std::string text;
        for (std::size_t i = 0; i < count; ++i) {
            text += " addr=" + (*this)[i].text();
        }
        return text;
    }

  private:
    mutable std::mutex mutex_;  // between adding and counting
    std::vector<std::unique_ptr<DelayProxy>> all_;
};

}  // namespace fleet
