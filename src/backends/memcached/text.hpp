/*
 * memcached's text protocol (doc/protocol.txt there), with the
 * authentication of "memcached -Y".
 */

#pragma once

#include "backends/memcached/dialect.hpp"

namespace backends::memcached {

class Text final : public Dialect {
  public:
    /* The longest line in either direction. memcached takes a longer one for
     * nonsense, except for a get. */
    static constexpr std::size_t max_line = 2048;

    bool get(CleansedBytes& out, std::string_view key) override;
    void put(CleansedBytes& out, Put how, std::string_view key,
             std::string_view value, std::uint32_t expiration) override;
    void erase(CleansedBytes& out, std::string_view key) override;
    void version(CleansedBytes& out) override;
    void ping(CleansedBytes& out) override;
    void stats(CleansedBytes& out) override;
    void authenticate(CleansedBytes& out, std::string_view user,
                      std::string_view password) override;

    std::optional<Reply> next() noexcept override;
    bool numbers_replies() const noexcept override { return false; }

  private:
    void line(CleansedBytes& out,
              std::initializer_list<std::string_view> words);
    std::optional<Reply> simple(std::string_view line) noexcept;
    std::optional<Reply> value(std::string_view line) noexcept;

    bool ends_value() noexcept;

    std::size_t open_ = 0;  /* length of a get that others may join */
    bool in_value_ = false; /* its end comes after what is not kept */
};

}  // namespace backends::memcached
