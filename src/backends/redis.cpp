#include "backends/client.hpp"
#include "backends/connection.hpp"
#include "backends/outbox.hpp"
#include "backends/redis_protocol.hpp"

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
        std::unique_ptr<Lookup> lookup; /* of a GET */
    };

    Loss attempt(const Address& address) override;
    void disconnect() noexcept override;
    std::size_t queued() const noexcept override;
    bool enqueue(Request& request) noexcept override;

    bool push(Words words) noexcept;
    void greet();
    Loss serve();
    Loss receive();
    Loss complete(const Command& command, const redisReply& reply);
    void answer_get(Lookup* lookup, const redisReply& reply);
    void judge(const Command& command, const redisReply& reply);

    Connection connection_;
    std::optional<redis::Parser> parser_;
    std::deque<Command> queue_;
    Outbox outbox_;
    coro::Time idle_since_{};
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
        outbox_.queued(is_urgent(request));
    }
    return pushed;
}

/* But for a PING, which is ours: there is one at most, and it is first. */
std::size_t Redis::queued() const noexcept {
    bool pinging =
        !queue_.empty() && queue_.front().name == std::string_view("PING");
    return queue_.size() - (pinging ? 1 : 0);
}

/* The first word has to be a literal. */
bool Redis::push(Words words) noexcept {
    try {
        queue_.push_back({words.begin()->data(), now() + options_.timeout, {}});
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
    Loss why = connection_.connect(address, now() + options_.timeout);
    if (!why.empty()) {
        return why;
    }

    parser_.emplace();
    greet();
    return serve();
}

/* The answer to the PING is what makes the store available. */
void Redis::greet() {
    if (!options_.user.empty()) {
        push({"AUTH", options_.user, options_.password});
    } else if (!options_.password.empty()) {
        push({"AUTH", options_.password});
    }

    if (options_.db != 0) {
        push({"SELECT", std::to_string(options_.db)});
    }

    push({"PING"});
    outbox_.flush();
}

Client::Loss Redis::serve() {
    while (!closing()) {
        Loss why;

        if (connection_.may_read() && !(why = receive()).empty()) {
            return why;
        }

        if (!queue_.empty() && queue_.front().deadline <= now()) {
            return std::string(queue_.front().name) + " timed out";
        }

        if (queue_.empty() && idle_since_ + options_.interval <= now()) {
            push({"PING"});
            outbox_.flush();
        }

        if (outbox_.blocked()) {
            outbox_.flush();
        }

        if (outbox_.error() != 0) {
            return "send() failed: " + connection_.failure(outbox_.error());
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
        return (error == 0 ? "" : "recv() failed: ") +
               connection_.failure(error);
    }

    if (!parser_->feed({buffer.data(), *n})) {
        return "out of memory";
    }

    while (redis::Reply reply = parser_->next()) {
        if (queue_.empty()) {
            return "unexpected reply";
        }

        Command command = std::move(queue_.front());
        queue_.pop_front();
        idle_since_ = now();

        Loss why = complete(command, *reply);
        if (!why.empty()) {
            return why;
        }
    }
    return Loss(parser_->error());
}

Client::Loss Redis::complete(const Command& command, const redisReply& reply) {
    answer_get(command.lookup.get(), reply);

    if (!up() && reply.type == REDIS_REPLY_ERROR &&
        command.name != std::string_view("PING")) {
        return std::string(command.name) +
               " failed: " + std::string(redis::loggable(reply));
    }

    if (!up() && command.name == std::string_view("PING")) {
        connected();
    }

    judge(command, reply);
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
        answer(lookup, Status::refused);
    }
}

/* Says when a command fails, or answers what only another one would. */
void Redis::judge(const Command& command, const redisReply& reply) {
    bool is_get = command.lookup != nullptr;
    bool is_value =
        reply.type == REDIS_REPLY_STRING || reply.type == REDIS_REPLY_NIL;

    if (reply.type == REDIS_REPLY_ERROR) {
        journal_.failed(command.name, redis::error_code(reply),
                        redis::loggable(reply), now());
    } else if (is_get != is_value) {
        journal_.failed(command.name, "unexpected", "unexpected reply", now());
    } else {
        journal_.worked(command.name, now());
    }
}

void Redis::disconnect() noexcept {
    if (closing()) {
        outbox_.flush();
    }

    connection_.close();
    parser_.reset();
    outbox_.clear();

    for (const Command& command : std::exchange(queue_, {})) {
        answer(command.lookup.get(), Status::unavailable);
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
