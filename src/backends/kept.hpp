/*
 * Changes whose bytes are kept in case they have to be sent to another server.
 * The bytes are cleansed when they are freed.
 */

#pragma once

#include "backends/cleansing.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <new>
#include <string>
#include <string_view>

namespace backends {

class Kept {
  public:
    /* How many bytes may be kept at a time. It has to outlive what uses it. */
    struct Budget {
        std::size_t left = 4 * 1024 * 1024;
    };

    /* For a delete, `value` is empty and `ttl` is 0. Null if there is no
     * room. */
    static std::unique_ptr<Kept> make(Budget& budget, std::string_view key,
                                      std::string_view value,
                                      std::chrono::seconds ttl) noexcept {
        if (key.size() + value.size() > budget.left) {
            return nullptr;
        }
        try {
            return std::make_unique<Kept>(budget, key, value, ttl);
        } catch (const std::bad_alloc&) {
            return nullptr;
        }
    }

    Kept(Budget& budget, std::string_view key, std::string_view value,
         std::chrono::seconds ttl)
        : key_(key), value_(value), ttl_(ttl), budget_(budget) {
        budget_.left -= size();
    }
    ~Kept() { budget_.left += size(); }

    Kept(const Kept&) = delete;
    Kept& operator=(const Kept&) = delete;

    std::string_view key() const noexcept { return key_; }
    std::string_view value() const noexcept { return value_; }
    std::chrono::seconds ttl() const noexcept { return ttl_; }
    bool is_delete() const noexcept { return ttl_.count() == 0; }

  private:
    std::size_t size() const noexcept { return key_.size() + value_.size(); }

    const std::string key_;
    const CleansedBytes value_;
    const std::chrono::seconds ttl_;
    Budget& budget_;
};

}  // namespace backends
