/*
 * The part of memcached's two protocols that is needed here.
 *
 * Each appended command has one answer, in order. But in the text protocol, one
 * line may ask for several keys, and their values come before the line's only
 * end.
 */

#pragma once

#include "backends/cleansing.hpp"
#include "backends/memcached/replies.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace backends::memcached {

/* The longest key that memcached accepts, in bytes (KEY_MAX_LENGTH there). */
inline constexpr std::size_t max_key = 250;

/*
 * The longest accepted value, in bytes: a session and its seal. A longer one is
 * cut to one byte more than that.
 */
inline constexpr std::size_t max_value = 64 * 1024 + 1024;

/* No session has such a key, so it is never there. */
inline constexpr std::string_view ping_key = "ngx_ssl_session_cache_ping";

struct Reply {
    enum class Type {
        value,      /* the value of a requested key */
        end,        /* no more values; the answer to a ping */
        stored,     /* set, add; the answer to a right password */
        not_stored, /* add: there is a value */
        deleted,
        not_found, /* delete: there was none */
        version,
        figure, /* one of stats, with its name as the key */
        error,  /* concerns only its command */
    };

    Type type;
    std::string_view key{};  /* of a value (in the text protocol) or a figure */
    std::string_view text{}; /* the value, the version, or the error */
    bool last = true;        /* false if the command has more answers */
};

/* Whether a value may replace another one. */
enum class Put { set, add };

class Dialect {
  public:
    virtual ~Dialect() = default;

    /*
     * These append a command to `out`. Nobody else appends to it, but it may
     * lose bytes at its head in between. All may throw std::bad_alloc; then
     * `out` still begins with what was there before. Keys have 1 to max_key
     * bytes, without spaces or control characters.
     *
     * get() returns whether the key was added to the line before, which then
     * has one answer.
     */
    virtual bool get(CleansedBytes& out, std::string_view key) = 0;

    /* `expiration` is in seconds from now, or since 1970 (see
     * expiration_of()). */
    virtual void put(CleansedBytes& out, Put how, std::string_view key,
                     std::string_view value, std::uint32_t expiration) = 0;
    virtual void erase(CleansedBytes& out, std::string_view key) = 0;
    virtual void version(CleansedBytes& out) = 0;
    virtual void ping(CleansedBytes& out) = 0;
    virtual void stats(CleansedBytes& out) = 0;
    virtual void authenticate(CleansedBytes& out, std::string_view user,
                              std::string_view password) = 0;

    /* Takes bytes as they arrive. Throws std::bad_alloc. */
    void feed(std::string_view bytes) { replies_.feed(bytes); }

    /*
     * The next whole reply, whose bytes are valid until the next feed(). If
     * nothing, either more bytes are needed, or error() says why there will
     * never be another one.
     */
    virtual std::optional<Reply> next() noexcept = 0;

    /* Empty while all is well. */
    std::string_view error() const noexcept { return error_; }

    /*
     * Whether replies say which command they answer, so that a surplus one
     * cannot pass for the next command's.
     */
    virtual bool numbers_replies() const noexcept = 0;

  protected:
    /* Sets error() to a literal: there is no next() any more. */
    std::nullopt_t fail(std::string_view error) noexcept {
        error_ = error;
        return std::nullopt;
    }

    Replies replies_;

  private:
    std::string_view error_;
};

}  // namespace backends::memcached
