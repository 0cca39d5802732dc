#include "backends/outbox.hpp"
#include "backends/redis_protocol.hpp"
#include "backends/store.hpp"
#include "backends/trouble.hpp"
#include "coro/stream.hpp"

#include <array>
#include <chrono>
#include <cstring>
#include <deque>
#include <new>
#include <optional>
#include <set>
#include <utility>

namespace backends {

namespace {

using coro::Time;
using namespace std::string_view_literals;

enum class Kind { auth, select, ping, get, set, del };

constexpr std::array kind_names{"AUTH"sv, "SELECT"sv, "PING"sv,
                                "GET"sv,  "SETEX"sv,  "DEL"sv};

/* A command that was queued and has not been answered. */
struct Operation {
    Kind kind;
    Time deadline{};
    coro::Waker waiter{};      /* with `result` only */
    Fetched* result = nullptr; /* in the waiter's frame, while that waits */
};

/*
 * One connection, kept by one coroutine, drive(): it connects, greets, then
 * reads replies and writes what fetch(), store() and erase() have queued.
 * Replies come in the order of the commands.
 */
class Redis final : public Store {
  public:
    Redis(coro::Scheduler& scheduler, Options options, Log log);

    bool start() noexcept;

    Fetched fetch(std::string_view key) noexcept override;
    Status store(std::string_view key, std::string_view value,
                 std::chrono::seconds ttl) noexcept override;
    Status erase(std::string_view key) noexcept override;
    void close() noexcept override;

  private:
    using Words = std::initializer_list<std::string_view>;

    /* empty: all is well; else what the connection was lost for */
    using Loss = std::string;

    bool has_room();
    Status enqueue(Words words, Operation operation) noexcept;
    bool push(Words words, Operation operation) noexcept;

    void drive() noexcept;
    Loss attempt(const Address& address) noexcept;
    Loss serve();
    void greet();
    Loss receive();
    Loss complete(const Operation& operation, const redisReply& reply);
    void answer(const Operation& operation, const redisReply& reply);
    void lose(const Loss& why) noexcept;
    void rest() noexcept;

    void connected();
    void judge(Kind kind, const redisReply& reply, bool as_expected);
    void say(Level level, const std::string& line) const noexcept;

    Time now() const noexcept { return scheduler_.loop().now(); }
    const Address& address() const noexcept {
        return options_.addresses[address_];
    }

    coro::Scheduler& scheduler_;
    Options options_;
    Log log_;

    coro::Stream stream_;
    std::optional<redis::Parser> parser_;
    std::size_t address_ = 0;
    bool up_ = false;
    bool closing_ = false;
    std::optional<coro::Waker> resting_;
    std::set<Loss> losses_; /* logged since the store was last up */

    std::deque<Operation> queue_; /* in the order of their commands */
    Outbox outbox_;
    Time idle_since_{};

    std::array<Trouble, kind_names.size()> troubles_; /* by Kind */
    Trouble full_;
};

Redis::Redis(coro::Scheduler& scheduler, Options options, Log log)
    : scheduler_(scheduler), options_(std::move(options)), log_(std::move(log)),
      stream_(scheduler), outbox_(scheduler, stream_) {}

bool Redis::start() noexcept {
    return scheduler_.start(
        {[](void* self) noexcept { static_cast<Redis*>(self)->drive(); },
         this});
}

Fetched Redis::fetch(std::string_view key) noexcept {
    Fetched result;

    if (!coro::in_coroutine()) {
        return result;
    }

    Status status = enqueue(
        {"GET", key},
        {.kind = Kind::get, .waiter = coro::next_wait(), .result = &result});
    if (status != Status::queued) {
        result.status = status;
        return result;
    }

    coro::wait();
    return result;
}

Status Redis::store(std::string_view key, std::string_view value,
                    std::chrono::seconds ttl) noexcept {
    return enqueue({"SETEX", key, std::to_string(ttl.count()), value},
                   {.kind = Kind::set});
}

Status Redis::erase(std::string_view key) noexcept {
    return enqueue({"DEL", key}, {.kind = Kind::del});
}

/* Whether the queue has room for one more. */
bool Redis::has_room() {
    if (queue_.size() < options_.count) {
        if (full_.worked(now())) {
            say(Level::notice, "queue is no longer full");
        }
        return true;
    }

    if (full_.failed("full", now())) {
        say(Level::error, "queue is full: " + std::to_string(queue_.size()));
    }
    return false;
}

Status Redis::enqueue(Words words, Operation operation) noexcept {
    if (!up_) {
        return Status::unavailable;
    }

    if (!has_room()) {
        return Status::refused;
    }

    if (!push(words, operation)) {
        return Status::refused;
    }

    outbox_.queued();
    return Status::queued;
}

bool Redis::push(Words words, Operation operation) noexcept {
    operation.deadline = now() + options_.timeout;

    try {
        queue_.push_back(operation);
    } catch (const std::bad_alloc&) {
        return false;
    }

    if (!redis::append_command(outbox_.bytes(), words)) {
        queue_.pop_back();
        return false;
    }
    return true;
}

void Redis::drive() noexcept {
    std::size_t failures = 0;

    while (!closing_) {
        Loss why = attempt(address());
        bool was_up = up_;
        lose(why);

        if (was_up) {
            failures = 0;
        } else {
            address_ = (address_ + 1) % options_.addresses.size();
            if (++failures < options_.addresses.size()) {
                continue;
            }
            failures = 0;
        }
        rest();
    }
}

/* Connects and serves until the connection is lost; returns why. */
Redis::Loss Redis::attempt(const Address& address) noexcept {
    try {
        int error =
            stream_.connect(reinterpret_cast<const sockaddr*>(&address.storage),
                            address.length, now() + options_.timeout);
        if (error != 0) {
            return std::string("connect() failed: ") + std::strerror(error);
        }

        parser_.emplace();
        return serve();
    } catch (const std::bad_alloc&) {
        return "out of memory";
    }
}

Redis::Loss Redis::serve() {
    greet();

    while (!closing_) {
        Loss why;

        if (stream_.may_read() && !(why = receive()).empty()) {
            return why;
        }

        if (!queue_.empty() && queue_.front().deadline <= now()) {
            return std::string(kind_names[(int)queue_.front().kind]) +
                   " timed out";
        }

        if (queue_.empty() && idle_since_ + options_.interval <= now()) {
            push({"PING"}, {.kind = Kind::ping});
            outbox_.flush();
        }

        if (outbox_.blocked()) {
            outbox_.flush();
        }

        if (outbox_.error() != 0) {
            return std::string("send() failed: ") +
                   std::strerror(outbox_.error());
        }

        stream_.wait(outbox_.blocked(), queue_.empty()
                                            ? idle_since_ + options_.interval
                                            : queue_.front().deadline);
    }
    return "closed";
}

/* The answer to the PING is what makes the store available. */
void Redis::greet() {
    if (!options_.user.empty()) {
        push({"AUTH", options_.user, options_.password}, {.kind = Kind::auth});
    } else if (!options_.password.empty()) {
        push({"AUTH", options_.password}, {.kind = Kind::auth});
    }

    if (options_.db != 0) {
        push({"SELECT", std::to_string(options_.db)}, {.kind = Kind::select});
    }

    push({"PING"}, {.kind = Kind::ping});
    outbox_.flush();
}

Redis::Loss Redis::receive() {
    std::array<char, 16384> buffer;

    auto n = stream_.read(buffer);
    if (!n) {
        return errno == 0
                   ? "closed by the store"
                   : std::string("recv() failed: ") + std::strerror(errno);
    }

    if (!parser_->feed({buffer.data(), *n})) {
        return "out of memory";
    }

    while (redis::Reply reply = parser_->next()) {
        if (queue_.empty()) {
            return "unexpected reply";
        }

        Operation operation = queue_.front();
        queue_.pop_front();
        idle_since_ = now();

        Loss why = complete(operation, *reply);
        if (!why.empty()) {
            return why;
        }
    }
    return Loss(parser_->error());
}

Redis::Loss Redis::complete(const Operation& operation,
                            const redisReply& reply) {
    switch (operation.kind) {

    case Kind::auth:
    case Kind::select:
        if (reply.type == REDIS_REPLY_ERROR) {
            return std::string(kind_names[(int)operation.kind]) +
                   " failed: " + std::string(redis::loggable(reply));
        }
        break;

    case Kind::ping:
        if (!up_) {
            connected();
        }
        judge(Kind::ping, reply, reply.type == REDIS_REPLY_STATUS);
        break;

    case Kind::get:
        answer(operation, reply);
        judge(Kind::get, reply,
              reply.type == REDIS_REPLY_STRING ||
                  reply.type == REDIS_REPLY_NIL);
        break;

    case Kind::set:
        judge(Kind::set, reply, reply.type == REDIS_REPLY_STATUS);
        break;

    case Kind::del:
        judge(Kind::del, reply, reply.type == REDIS_REPLY_INTEGER);
        break;
    }
    return {};
}

/* The waiter's frame is looked at only while it waits for just this. */
void Redis::answer(const Operation& operation, const redisReply& reply) {
    if (!scheduler_.waiting(operation.waiter)) {
        return;
    }

    switch (reply.type) {
    case REDIS_REPLY_STRING:
        operation.result->value.assign(redis::text(reply));
        operation.result->status = Status::hit;
        break;
    case REDIS_REPLY_NIL:
        operation.result->status = Status::miss;
        break;
    default:
        operation.result->status = Status::refused;
    }

    scheduler_.wake(operation.waiter);
}

void Redis::lose(const Loss& why) noexcept {
    stream_.close();
    parser_.reset();

    if (!closing_ && losses_.insert(why).second) {
        say(Level::error, (up_ ? "connection lost: " : "unavailable: ") + why);
    }

    up_ = false;
    outbox_.clear();

    for (const Operation& operation : std::exchange(queue_, {})) {
        if (operation.result != nullptr) {
            scheduler_.wake(operation.waiter);
        }
    }
}

void Redis::rest() noexcept {
    resting_ = coro::next_wait();
    coro::wait(now() + options_.interval);
    resting_.reset();
}

void Redis::close() noexcept {
    closing_ = true;

    outbox_.flush();
    stream_.wake(coro::Wake::cancelled);
    if (resting_) {
        scheduler_.wake(*resting_, coro::Wake::cancelled);
    }
    lose({});
}

void Redis::connected() {
    up_ = true;
    losses_.clear();
    say(Level::notice, "connected");
}

void Redis::judge(Kind kind, const redisReply& reply, bool as_expected) {
    auto index = static_cast<std::size_t>(kind);
    Trouble& trouble = troubles_.at(index);
    std::string name(kind_names.at(index));

    if (as_expected) {
        if (trouble.worked(now())) {
            say(Level::notice, name + " works again");
        }
    } else if (reply.type != REDIS_REPLY_ERROR) {
        if (trouble.failed("unexpected reply", now())) {
            say(Level::error, name + " failed: unexpected reply");
        }
    } else if (trouble.failed(redis::error_code(reply), now())) {
        say(Level::error,
            name + " failed: " + std::string(redis::loggable(reply)));
    }
}

void Redis::say(Level level, const std::string& line) const noexcept {
    log_(level, "redis " + address().text + ": " + line);
}

}  // namespace

std::unique_ptr<Store> make_redis(coro::Scheduler& scheduler, Options options,
                                  Log log) {
    auto store =
        std::make_unique<Redis>(scheduler, std::move(options), std::move(log));

    if (!store->start()) {
        return nullptr;
    }
    return store;
}

}  // namespace backends
