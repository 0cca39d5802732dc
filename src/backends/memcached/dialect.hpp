/*
 * How memcached is spoken to. It has two protocols: of both what is needed
 * here, and no more.
 *
 * Each command that is appended has one answer, in order; but in the text
 * protocol several keys may be asked for in one line, whose values come
 * before the line's one end.
 */

#pragma once

#include "backends/cleansing.hpp"
#include "backends/memcached/replies.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace backends::memcached {

/* A key that memcached takes has no more bytes (KEY_MAX_LENGTH there). */
inline constexpr std::size_t max_key = 250;

/*
 * The longest value that is taken: a session, and what it is sealed in. Of a
 * longer one there are the first bytes, of which this is one too many.
 */
inline constexpr std::size_t max_value = 64 * 1024 + 1024;

/* No session's key looks like it, so what it asks for is not there. */
inline constexpr std::string_view ping_key = "ngx_ssl_session_cache_ping";

struct Reply {
    enum class Type {
        value,      /* of a key that was asked for */
        end,        /* there are no more values; the answer to a ping */
        stored,     /* set, add; the answer to a password that is right */
        not_stored, /* add: there is a value */
        deleted,
        not_found, /* delete: there was none */
        version,
        figure, /* one of stats; its name is the key */
        error,  /* it concerns its command alone */
    };

    Type type;
    std::string_view key{};  /* of a value, in the text protocol; of a figure */
    std::string_view text{}; /* the value, the version, or the error */
    bool last = true;        /* false: its command has another answer */
};

/* Whether a value is to replace another one. */
enum class Put { set, add };

class Dialect {
  public:
    virtual ~Dialect() = default;

    /*
     * These append a command to `out`, which nobody else appends to, but
     * which may lose bytes at its head meanwhile. All may throw
     * std::bad_alloc; then what was there before is there, at the head.
     * Keys are of 1 to max_key bytes without spaces or control characters.
     *
     * get() returns whether the key has gone into the line before, which
     * then is answered once.
     */
    virtual bool get(CleansedBytes& out, std::string_view key) = 0;

    /* `expiration` is in seconds, or since 1970 (see expiration_of()). */
    virtual void put(CleansedBytes& out, Put how, std::string_view key,
                     std::string_view value, std::uint32_t expiration) = 0;
    virtual void erase(CleansedBytes& out, std::string_view key) = 0;
    virtual void version(CleansedBytes& out) = 0;
    virtual void ping(CleansedBytes& out) = 0;
    virtual void stats(CleansedBytes& out) = 0;
    virtual void authenticate(CleansedBytes& out, std::string_view user,
                              std::string_view password) = 0;

    /* Takes bytes as they came. Throws std::bad_alloc. */
    void feed(std::string_view bytes) { replies_.feed(bytes); }

    /*
     * The next whole reply, whose bytes are there until the next feed(). Or
     * nothing: then either more bytes are needed, or error() tells why there
     * will never be another one.
     */
    virtual std::optional<Reply> next() noexcept = 0;

    /* Empty as long as all is well. */
    std::string_view error() const noexcept { return error_; }

    /*
     * Whether replies tell which command they answer, so that one too many
     * cannot pass for the next one's.
     */
    virtual bool numbers_replies() const noexcept = 0;

  protected:
    /* Says, in a literal, why there is no next() any more. */
    std::nullopt_t fail(std::string_view error) noexcept {
        error_ = error;
        return std::nullopt;
    }

    Replies replies_;

  private:
    std::string_view error_;
};

}  // namespace backends::memcached
