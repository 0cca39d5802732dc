/*
 * Redis' wire protocol (RESP 2), which hiredis formats and parses.
 */

#pragma once

#include "backends/cleansing.hpp"
#include "backends/refusal.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <hiredis/hiredis.h>
#include <hiredis/sds.h>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace backends::redis {

/* Appends a command to `out`. Returns false when memory is short. */
bool append_command(CleansedBytes& out,
                    std::initializer_list<std::string_view> words) noexcept;

struct ReplyDelete {
    void operator()(redisReply* reply) const noexcept {
        if (reply->str != nullptr) {
            OPENSSL_cleanse(reply->str, static_cast<std::size_t>(reply->len));
        }
        freeReplyObject(reply);
    }
};

using Reply = std::unique_ptr<redisReply, ReplyDelete>;

/* An error reply's first word, its code: "LOADING", "WRONGTYPE", "ERR". */
std::string_view error_code(const redisReply& reply) noexcept;

/* What an error reply says of the server. */
Refusal refusal(const redisReply& reply) noexcept;

/* Of a list of names and values; empty: it is not there. */
std::string_view value_of(const redisReply& reply,
                          std::string_view name) noexcept;

/* What an answer to ROLE begins with: "master", "slave", "sentinel". */
std::string_view role(const redisReply& reply) noexcept;

/* The server's version in an answer to HELLO; empty: it is not there. */
std::string_view version(const redisReply& reply) noexcept;

/* Whether an answer to HELLO says that it is some other server's replica. */
bool is_replica(const redisReply& reply) noexcept;

/* What TIME has told, since 1970; nothing: it is no such answer. */
std::optional<std::chrono::milliseconds>
time_of(const redisReply& reply) noexcept;

/* How many keys were evicted, as INFO tells; nothing: it does not. */
std::optional<std::uint64_t> evicted_keys(const redisReply& reply) noexcept;

inline std::string_view text(const redisReply& reply) noexcept {
    return {reply.str, static_cast<std::size_t>(reply.len)};
}

/*
 * Cuts a stream of bytes into replies. None may be an array but where one is
 * expected.
 */
class Parser {
  public:
    /*
     * The longest reply that is waited for, in bytes: far above any session
     * (64 KiB), far below what would hurt a worker.
     */
    static constexpr std::size_t max_reply = 2 * 1024 * 1024;

    /*
     * What the arrays of a reply may take in memory, in bytes, with all that
     * is in them: far above what an answer to HELLO does (about 10 KiB).
     */
    static constexpr std::size_t max_arrays = 512 * 1024;

    /*
     * Likewise in an answer to CLUSTER SLOTS, where each slot may be a range by
     * itself, of a master with two replicas: 500,000 elements.
     */
    static constexpr std::size_t max_slots = 64 * 1024 * 1024;

    struct Bounds {
        bool arrays_expected = false;
        bool array_refused = false;
        bool exceeded = false;
        std::size_t element = 0; /* what each is counted as */
        std::size_t most = 0;
        std::size_t taken = 0; /* by the reply under way */
    };

    /* Throws std::bad_alloc. */
    Parser();
    Parser(const Parser&) = delete;
    Parser& operator=(const Parser&) = delete;

    /* Takes bytes as they came. Returns false when memory is short. */
    bool feed(std::string_view bytes) noexcept;

    /* Whether the next reply may be an array, or have some in it. */
    void expect_array(bool expected) noexcept;

    /* The next reply is an answer to CLUSTER SLOTS. */
    void expect_slots() noexcept;

    /*
     * The next whole reply, or null: then either more bytes are needed, or
     * error() tells why there will never be another one.
     */
    Reply next() noexcept;

    /* Empty as long as all is well. */
    std::string_view error() const noexcept;

  private:
    struct ReaderDelete {
        void operator()(redisReader* reader) const noexcept {
            if (reader->buf != nullptr) { /* there is none after an error */
                OPENSSL_cleanse(reader->buf, sdsalloc(reader->buf));
            }
            redisReaderFree(reader);
        }
    };

    std::unique_ptr<redisReader, ReaderDelete> reader_;
    bool too_long_ = false;
    Bounds bounds_; /* hiredis has a pointer to it */
};

}  // namespace backends::redis
