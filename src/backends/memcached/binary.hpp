/*
 * memcached's binary protocol (doc/protocol-binary.txt there), with SASL
 * PLAIN (RFC 4616).
 */

#pragma once

#include "backends/memcached/dialect.hpp"

#include <array>

namespace backends::memcached {

class Binary final : public Dialect {
  public:
    /* The first byte of each reply. The text protocol has no such byte. */
    static constexpr char magic = '\x81';

    /*
     * Appends a command that finds out which protocol a server speaks. Its
     * answer has the number 0. In the text protocol it is one line, and an
     * error.
     */
    static void probe(CleansedBytes& out);

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
    bool numbers_replies() const noexcept override { return true; }

  private:
    struct Head;

    void head(CleansedBytes& out, unsigned char opcode, std::size_t extras,
              std::string_view key, std::size_t value);
    std::optional<Reply> read(const Head& head, std::string_view body) noexcept;

    std::uint32_t asked_ = 1;    /* the number of the next command */
    std::uint32_t answered_ = 0; /* that of the next reply */
};

}  // namespace backends::memcached
