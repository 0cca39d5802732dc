#include "backends/client.hpp"
#include "backends/connection.hpp"
#include "backends/outbox.hpp"
#include "backends/redis/protocol.hpp"

#include <array>
#include <cerrno>
#include <deque>
#include <new>
#include <optional>
#include <utility>

namespace backends {

namespace {

/*
 * One pipelined connection. Replies come in the order of the commands.
 */
class Redis final : public Client {
  public:
    Redis(coro::Scheduler& scheduler, Options options, Log log);

  private:
    using Words = std::initializer_list<std::string_view>;

    /* A command that was queued and has not been answered. */
    struct Command {
        const char* name;
        coro::Time deadline{};
        std::unique_ptr<Lookup> lookup{}; /* of a GET */
        std::optional<Kind> kind{};       /* none: one of ours */
    };

    Loss attempt(const Address& address) override;
    void disconnect(Status status) noexcept override;
    std::size_t queued() const noexcept override { return requests_; }
    bool enqueue(Request& request) noexcept override;

    bool push(Words words) noexcept;
    void heed_deadline() noexcept;
    void greet();
    Loss complete_greeting(const Command& command, const redisReply& reply);
    Loss serve();
    Loss receive();
    redis::Reply next_reply() noexcept;
    Loss complete(const Command& command, const redisReply& reply);
    void answer_get(Lookup* lookup, const redisReply& reply);
    void judge(const Command& command, const redisReply& reply);

    Connection connection_;
    std::optional<redis::Parser> parser_;
    std::deque<Command> queue_;
    std::size_t requests_ = 0; /* those in the queue that are not ours */
    Outbox outbox_;
    coro::Time idle_since_{};
    std::string version_{};
    bool tells_version_ = true;
};

Redis::Redis(coro::Scheduler& scheduler, Options options, Log log)
    : Client(scheduler, std::move(options), std::move(log), "redis"),
      connection_(scheduler, options_.tls, options_.tls_name),
      outbox_(scheduler.loop(), connection_) {}

bool Redis::enqueue(Request& request) noexcept {
    bool pushed = false;

    switch (request.kind) {
    case Kind::get:
        pushed = push({"GET", request.key});
        break;
    case Kind::set:
        pushed = push({"SETEX", request.key,
                       std::to_string(request.ttl.count()), request.value});
        break;
    case Kind::del:
        pushed = push({"DEL", request.key});
        break;
    }

    if (pushed) {
        queue_.back().lookup = std::move(request.lookup);
        queue_.back().kind = request.kind;
        ++requests_;
        outbox_.queued(is_urgent(request));
        heed_deadline();
    }
    return pushed;
}

/* Who waits for the time of a PING may have to wait less now. */
void Redis::heed_deadline() noexcept {
    if (queue_.size() == 1 &&
        queue_.front().deadline < idle_since_ + options_.interval) {
        connection_.wake();
    }
}

/* The first word has to be a literal. */
bool Redis::push(Words words) noexcept {
    try {
        queue_.push_back({words.begin()->data(), now() + options_.timeout});
    } catch (const std::bad_alloc&) {
        return false;
    }

    if (!redis::append_command(outbox_.bytes(), words)) {
        queue_.pop_back();
        return false;
    }
    return true;
}

Client::Loss Redis::attempt(const Address& address) {
    std::string why = connection_.connect(address, now() + options_.timeout);
    if (!why.empty()) {
        return {std::move(why)};
    }

    parser_.emplace();
    greet();
    return serve();
}

/*
 * The answer to the PING is what makes the store available. Some proxies hang
 * up when they are asked what they are, and then are not asked again.
 */
void Redis::greet() {
    if (!options_.user.empty()) {
        push({"AUTH", options_.user, options_.password});
    } else if (!options_.password.empty()) {
        push({"AUTH", options_.password});
    }

    if (options_.db != 0) {
        push({"SELECT", std::to_string(options_.db)});
    }

    if (tells_version_) {
        push({"HELLO", "2"});
    }

    push({"PING"});
    outbox_.flush();
}

Client::Loss Redis::serve() {
    while (!closing()) {
        Loss loss;

        if (connection_.may_read() && !(loss = receive()).empty()) {
            return loss;
        }

        if (!queue_.empty() && queue_.front().deadline <= now()) {
            return timed_out(queue_.front().name);
        }

        if (queue_.empty() && idle_since_ + options_.interval <= now()) {
            push({"PING"});
            outbox_.flush();
        }

        if (outbox_.blocked()) {
            outbox_.flush();
        }

        if (outbox_.error() != 0) {
            return {"send() failed: " + connection_.failure(outbox_.error())};
        }

        connection_.wait(outbox_.blocked(),
                         queue_.empty() ? idle_since_ + options_.interval
                                        : queue_.front().deadline);
    }
    return {};
}

Client::Loss Redis::receive() {
    std::array<char, 16384> buffer;

    auto n = connection_.read(buffer);
    if (!n) {
        int error = errno;
        return {(error == 0 ? "" : "recv() failed: ") +
                connection_.failure(error)};
    }

    if (!parser_->feed({buffer.data(), *n})) {
        return {"out of memory"};
    }

    while (redis::Reply reply = next_reply()) {
        if (queue_.empty()) {
            return {"unexpected reply"};
        }

        Command command = std::move(queue_.front());
        queue_.pop_front();
        requests_ -= command.kind ? 1 : 0;
        idle_since_ = now();

        Loss loss = complete(command, *reply);
        if (!loss.empty()) {
            return loss;
        }
    }

    count_queue();
    return {std::string(parser_->error())};
}

redis::Reply Redis::next_reply() noexcept {
    parser_->expect_array(!queue_.empty() &&
                          queue_.front().name == std::string_view("HELLO"));
    return parser_->next();
}

Client::Loss Redis::complete(const Command& command, const redisReply& reply) {
    if (!up()) {
        return complete_greeting(command, reply);
    }

    answer_get(command.lookup.get(), reply);
    judge(command, reply);
    return {};
}

/* Redis before version 6 does not know HELLO, and has none. */
Client::Loss Redis::complete_greeting(const Command& command,
                                      const redisReply& reply) {
    std::string_view name = command.name;

    if (name == "HELLO") {
        version_ = redis::version(reply);
        return {};
    }

    if (name == "PING") {
        connected(version_);
        judge(command, reply);
    } else if (reply.type == REDIS_REPLY_ERROR) {
        return {std::string(name) +
                " failed: " + std::string(redis::loggable(reply))};
    }
    return {};
}

void Redis::answer_get(Lookup* lookup, const redisReply& reply) {
    switch (reply.type) {
    case REDIS_REPLY_STRING:
        answer(lookup, Status::hit, redis::text(reply));
        break;
    case REDIS_REPLY_NIL:
        answer(lookup, Status::miss);
        break;
    default:
        answer(lookup, Status::failed);
    }
}

/* Says when a command fails, or answers what only another one would. */
void Redis::judge(const Command& command, const redisReply& reply) {
    bool is_get = command.lookup != nullptr;
    bool is_value =
        reply.type == REDIS_REPLY_STRING || reply.type == REDIS_REPLY_NIL;
    bool worked = reply.type != REDIS_REPLY_ERROR && is_get == is_value;

    if (command.kind && !is_get) {
        count(*command.kind, worked ? Change::done : Change::failed);
    }

    if (reply.type == REDIS_REPLY_ERROR) {
        journal_.failed(command.name, redis::error_code(reply),
                        redis::loggable(reply), now());
    } else if (!worked) {
        journal_.failed(command.name, "unexpected", "unexpected reply", now());
    } else {
        journal_.worked(command.name, now());
    }
}

void Redis::disconnect(Status status) noexcept {
    if (closing()) {
        outbox_.flush();
    }

    connection_.close();
    parser_.reset();
    outbox_.clear();
    requests_ = 0;

    for (const Command& command : std::exchange(queue_, {})) {
        answer(command.lookup.get(), status);
        if (command.name == std::string_view("HELLO")) {
            tells_version_ = status != Status::down;
        }
        if (command.kind && *command.kind != Kind::get) {
            count(*command.kind, Change::lost);
        }
    }
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
