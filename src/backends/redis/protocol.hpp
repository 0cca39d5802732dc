/*
 * Redis' wire protocol (RESP 2), formatted and parsed by hiredis.
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

/* Appends a command to `out`. Returns false if memory is short. */
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

/* What an error reply says about the server. */
Refusal refusal(const redisReply& reply) noexcept;

/* The value of a name in a list of names and values. Empty if it is not
 * there. */
std::string_view value_of(const redisReply& reply,
                          std::string_view name) noexcept;

/* The first word of an answer to ROLE: "master", "slave", "sentinel". */
std::string_view role(const redisReply& reply) noexcept;

/* The server's version in an answer to HELLO. Empty if it is not there. */
std::string_view version(const redisReply& reply) noexcept;

/* Whether an answer to HELLO says that the server is a replica. */
bool is_replica(const redisReply& reply) noexcept;

/* The time since 1970 in an answer to TIME. Nothing if it is not such an
 * answer. */
std::optional<std::chrono::milliseconds>
time_of(const redisReply& reply) noexcept;

/* How many keys were evicted, in an answer to INFO. Nothing if it is not
 * there. */
std::optional<std::uint64_t> evicted_keys(const redisReply& reply) noexcept;

inline std::string_view text(const redisReply& reply) noexcept {
    return {reply.str, static_cast<std::size_t>(reply.len)};
}

/*
 * Cuts a stream of bytes into replies. Arrays are allowed only where expected.
 */
class Parser {
  public:
    /*
     * The longest accepted reply, in bytes: far above any session (64 KiB), and
     * far below what would hurt a worker.
     */
    static constexpr std::size_t max_reply = 2 * 1024 * 1024;

    /*
     * How much memory the arrays of a reply may take, in bytes, including their
     * contents: far more than an answer to HELLO takes (about 10 KiB).
     */
    static constexpr std::size_t max_arrays = 512 * 1024;

    /*
     * The same for an answer to CLUSTER SLOTS. There each slot may be a range
     * of its own, with a master and two replicas: 500,000 elements.
     */
    static constexpr std::size_t max_slots = 64 * 1024 * 1024;

    struct Bounds {
        bool arrays_expected = false;
        bool array_refused = false;
        bool exceeded = false;
        std::size_t element = 0; /* how much each one counts */
        std::size_t most = 0;
        std::size_t taken = 0; /* by the present reply */
    };

    /* Throws std::bad_alloc. */
    Parser();
    Parser(const Parser&) = delete;
    Parser& operator=(const Parser&) = delete;

    /* Takes bytes as they arrive. Returns false if memory is short. */
    bool feed(std::string_view bytes) noexcept;

    /* Whether the next reply may be an array, or contain arrays. */
    void expect_array(bool expected) noexcept;

    /* The next reply is an answer to CLUSTER SLOTS. */
    void expect_slots() noexcept;

    /*
     * The next whole reply. If null, either more bytes are needed, or error()
     * says why there will never be another one.
     */
    Reply next() noexcept;

    /* Empty while all is well. */
    std::string_view error() const noexcept;

  private:
    struct ReaderDelete {
        void operator()(redisReader* reader) const noexcept {
            if (reader->buf != nullptr) { /* null after an error */
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
