#include "backends/redis/protocol.hpp"

#include <algorithm>
#include <array>
#include <new>

namespace backends::redis {

namespace {

/* The most elements that an answer to HELLO has by far. */
constexpr std::size_t max_elements = 64;

/* hiredis' own, which allocates what an array's head claims. */
const redisReplyObjectFunctions* own_functions;

redisReplyObjectFunctions wary_of_arrays() {
    redisReplyObjectFunctions functions = *own_functions;
    functions.createArray = [](const redisReadTask* task, auto n) -> void* {
        auto& arrays = *static_cast<Parser::Arrays*>(task->privdata);
        if (arrays.expected && static_cast<std::size_t>(n) <= max_elements) {
            return own_functions->createArray(task, n);
        }
        arrays.refused = true;
        return nullptr;
    };
    return functions;
}

/* Of a list of names and values; empty: it is not there. */
std::string_view value_of(const redisReply& reply,
                          std::string_view name) noexcept {
    std::size_t n = reply.type == REDIS_REPLY_ARRAY ? reply.elements : 0;

    for (std::size_t i = 0; i + 1 < n; i += 2) {
        const redisReply& value = *reply.element[i + 1];
        if (reply.element[i]->type == REDIS_REPLY_STRING &&
            value.type == REDIS_REPLY_STRING &&
            text(*reply.element[i]) == name) {
            return text(value);
        }
    }
    return {};
}

}  // namespace

bool append_command(CleansedBytes& out,
                    std::initializer_list<std::string_view> words) noexcept {
    constexpr std::size_t most = 6; /* in SET key value EX seconds NX */
    std::array<const char*, most> data{};
    std::array<std::size_t, most> size{};
    std::size_t n = 0;

    for (std::string_view word : words) {
        data.at(n) = word.data();
        size.at(n) = word.size();
        ++n;
    }

    char* formatted = nullptr;
    auto length = redisFormatCommandArgv(&formatted, static_cast<int>(n),
                                         data.data(), size.data());
    if (length < 0) {
        return false;
    }

    auto size_of_command = static_cast<std::size_t>(length);
    bool appended = true;
    try {
        out.append(formatted, size_of_command);
    } catch (const std::bad_alloc&) {
        appended = false;
    }

    OPENSSL_cleanse(formatted, size_of_command);
    redisFreeCommand(formatted);
    return appended;
}

std::string_view error_code(const redisReply& reply) noexcept {
    std::string_view all = text(reply);
    return all.substr(0, std::min(all.find(' '), all.size()));
}

std::string_view version(const redisReply& reply) noexcept {
    return value_of(reply, "version");
}

Parser::Parser() : reader_(redisReaderCreate()) {
    if (reader_ == nullptr) {
        throw std::bad_alloc();
    }

    own_functions = own_functions != nullptr ? own_functions : reader_->fn;
    static redisReplyObjectFunctions functions = wary_of_arrays();
    reader_->fn = &functions;
    reader_->privdata = &arrays_;
}

bool Parser::feed(std::string_view bytes) noexcept {
    return redisReaderFeed(reader_.get(), bytes.data(), bytes.size()) ==
           REDIS_OK;
}

Reply Parser::next() noexcept {
    void* reply = nullptr;

    if (redisReaderGetReply(reader_.get(), &reply) != REDIS_OK) {
        return nullptr;
    }

    too_long_ = reply == nullptr && reader_->len - reader_->pos > max_reply;
    return Reply(static_cast<redisReply*>(reply));
}

std::string_view Parser::error() const noexcept {
    if (arrays_.refused) {
        return "unexpected array";
    }
    if (reader_->err != 0) {
        return reader_->errstr;
    }
    return too_long_ ? "reply too long" : "";
}

}  // namespace backends::redis
