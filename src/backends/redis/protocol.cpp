#include "backends/redis/protocol.hpp"
#include "numbers/number.hpp"

#include <algorithm>
#include <array>
#include <new>

namespace backends::redis {

namespace {

/* How deep the arrays of an answer to HELLO may nest, with some room. Freeing a
 * reply recurses as deep. */
constexpr unsigned max_depth = 7;

/* More than any element takes, without the text of a string: in an answer to
 * HELLO, and in a longer one. */
constexpr std::size_t element_size = 512;
constexpr std::size_t small_element_size = 128;
static_assert(sizeof(redisReply) + sizeof(redisReply*) + 40 <=
              small_element_size);

/* hiredis' own functions, which allocate what a reply's head claims. */
const redisReplyObjectFunctions* own_functions;

Parser::Bounds& bounds_of(const redisReadTask& task) {
    return *static_cast<Parser::Bounds*>(task.privdata);
}

/* Takes `n` times `size` bytes from the bound of a reply with arrays. */
bool take(Parser::Bounds& bounds, std::size_t n, std::size_t size) {
    bounds.exceeded = bounds.exceeded || bounds.taken > bounds.most ||
                      n > (bounds.most - bounds.taken) / size;
    if (!bounds.exceeded) {
        bounds.taken += n * size;
    }
    return !bounds.exceeded;
}

bool is_deep(const redisReadTask& task) {
    unsigned depth = 0;
    for (const redisReadTask* in = task.parent; in != nullptr;
         in = in->parent) {
        ++depth;
    }
    return depth >= max_depth;
}

/* Functions that bound the parts of arrays. Other replies are in the reader's
 * buffer as a whole, which is bounded. */
redisReplyObjectFunctions bounded() {
    redisReplyObjectFunctions functions = *own_functions;

    functions.createArray = [](const redisReadTask* task, auto n) -> void* {
        Parser::Bounds& bounds = bounds_of(*task);
        if (!bounds.arrays_expected) {
            bounds.array_refused = true;
            return nullptr;
        }
        bounds.exceeded = bounds.exceeded || is_deep(*task);
        return take(bounds, static_cast<std::size_t>(n), bounds.element)
                   ? own_functions->createArray(task, n)
                   : nullptr;
    };

    functions.createString = [](const redisReadTask* task, char* text,
                                std::size_t size) -> void* {
        return task->parent == nullptr || take(bounds_of(*task), size, 1)
                   ? own_functions->createString(task, text, size)
                   : nullptr;
    };
    return functions;
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

/* A server that is full, or accepts nobody from outside, says so to each client
 * that connects, and hangs up. */
Refusal refusal(const redisReply& reply) noexcept {
    std::string_view code = error_code(reply);

    if (code == "LOADING" || code == "BUSY") {
        return Refusal::passing;
    }
    if (code == "DENIED" ||
        text(reply).starts_with("ERR max number of clients")) {
        return Refusal::farewell;
    }

    if (code == "NOAUTH") {
        return Refusal::locked;
    }

    constexpr std::array<std::string_view, 6> standing{
        "READONLY",   "MASTERDOWN", "WRONGPASS",
        "NOREPLICAS", "MISCONF",    "CLUSTERDOWN"};
    return std::find(standing.begin(), standing.end(), code) != standing.end()
               ? Refusal::standing
               : Refusal::none;
}

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

std::string_view role(const redisReply& reply) noexcept {
    bool has = reply.type == REDIS_REPLY_ARRAY && reply.elements != 0 &&
               reply.element[0]->type == REDIS_REPLY_STRING;
    return has ? text(*reply.element[0]) : std::string_view();
}

std::string_view version(const redisReply& reply) noexcept {
    return value_of(reply, "version");
}

bool is_replica(const redisReply& reply) noexcept {
    return value_of(reply, "role") == "replica";
}

/* Seconds, and microseconds of the present second. */
std::optional<std::chrono::milliseconds>
time_of(const redisReply& reply) noexcept {
    constexpr std::uint64_t latest = 100'000'000'000; /* 3,000 years from now */
    auto part = [&](std::size_t i) -> std::optional<std::uint64_t> {
        const redisReply& element = *reply.element[i];
        return element.type == REDIS_REPLY_STRING
                   ? numbers::read<std::uint64_t>(text(element))
                   : std::nullopt;
    };

    if (reply.type != REDIS_REPLY_ARRAY || reply.elements != 2) {
        return std::nullopt;
    }
    auto seconds = part(0);
    auto micros = part(1);
    if (!seconds || !micros || *seconds > latest || *micros >= 1'000'000) {
        return std::nullopt;
    }
    return std::chrono::seconds(*seconds) +
           std::chrono::milliseconds(*micros / 1000);
}

/* A line of "name:number". */
std::optional<std::uint64_t> evicted_keys(const redisReply& reply) noexcept {
    constexpr std::string_view name = "\nevicted_keys:";
    std::string_view all =
        reply.type == REDIS_REPLY_STRING ? text(reply) : std::string_view();

    std::size_t at = all.find(name);
    if (at == all.npos) {
        return std::nullopt;
    }
    std::string_view rest = all.substr(at + name.size());
    return numbers::read<std::uint64_t>(rest.substr(0, rest.find('\r')));
}

Parser::Parser() : reader_(redisReaderCreate()) {
    if (reader_ == nullptr) {
        throw std::bad_alloc();
    }

    own_functions = own_functions != nullptr ? own_functions : reader_->fn;
    static redisReplyObjectFunctions functions = bounded();
    reader_->fn = &functions;
    reader_->privdata = &bounds_;
    expect_array(false);
}

void Parser::expect_array(bool expected) noexcept {
    bounds_.arrays_expected = expected;
    bounds_.element = element_size;
    bounds_.most = max_arrays;
}

void Parser::expect_slots() noexcept {
    bounds_.arrays_expected = true;
    bounds_.element = small_element_size;
    bounds_.most = max_slots;
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
    if (reply != nullptr) {
        bounds_.taken = 0;
    }
    return Reply(static_cast<redisReply*>(reply));
}

std::string_view Parser::error() const noexcept {
    if (bounds_.array_refused) {
        return "unexpected array";
    }
    if (bounds_.exceeded || too_long_) {
        return "reply too long";
    }
    return reader_->err != 0 ? reader_->errstr : "";
}

}  // namespace backends::redis
