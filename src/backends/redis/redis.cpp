#include "backends/redis/redis.hpp"

#include "backends/loggable.hpp"

#include <new>
#include <string>
#include <utility>

namespace backends {

namespace redis {

Redis::Redis(coro::Scheduler& scheduler, Options options, Log log,
             Believe believe)
    : Pipeline(scheduler, std::move(options), std::move(log), "redis"),
      believe_(believe) {}

void Redis::append(Words words) {
    if (!append_command(outbox(), words)) {
        throw std::bad_alloc();
    }
}

/* A command of ours, whose first word has to be a literal. */
void Redis::send(Role role, Words words) {
    push(words.begin()->data(), role);
    append(words);
}

void Redis::greet() {
    parser_.emplace();

    if (!options_.user.empty()) {
        send(Role::setup, {"AUTH", options_.user, options_.password});
    } else if (!options_.password.empty()) {
        send(Role::setup, {"AUTH", options_.password});
    }

    if (options_.db != 0) {
        send(Role::setup, {"SELECT", std::to_string(options_.db)});
    }

    /* Redis before version 6 does not know it */
    if (tells_version()) {
        send(Role::version, {"HELLO", "2"});
    }
    if (believe_ == Believe::masters) {
        send(Role::setup, {"ROLE"});
    }
    ping();
}

void Redis::ping() {
    send(Role::ping, {"PING"});
}

void Redis::survey() {
    send(Role::clock, {"TIME"});
    ask_memory();
}

void Redis::ask_memory() {
    send(Role::memory, {"INFO", "stats"});
}

void Redis::format(const Request& request, Command& command) {
    std::string ttl = std::to_string(request.ttl.count());

    switch (request.kind) {
    case Kind::get:
        command.name = "GET";
        append({command.name, request.key});
        break;
    case Kind::add:
        command.name = "SET";
        append({command.name, request.key, request.value, "EX", ttl, "NX"});
        break;
    case Kind::set:
        command.name = "SETEX";
        append({command.name, request.key, ttl, request.value});
        break;
    case Kind::del:
        command.name = "DEL";
        append({command.name, request.key});
        break;
    }
}

Redis::Loss Redis::digest(std::string_view bytes) {
    if (!parser_->feed(bytes)) {
        throw std::bad_alloc();
    }

    while (Reply reply = next_reply()) {
        Loss loss = handle(*reply);
        if (!loss.empty()) {
            return loss;
        }
    }
    return {std::string(parser_->error())};
}

Reply Redis::next_reply() noexcept {
    parser_->expect_array(false);
    if (!queue().empty()) {
        expect(queue().front(), *parser_);
    }
    return parser_->next();
}

void Redis::expect(const Command& command, Parser& parser) const noexcept {
    parser.expect_array(command.role == Role::version ||
                        command.role == Role::clock || is_role(command));
}

bool Redis::is_role(const Command& command) noexcept {
    return command.role == Role::setup &&
           std::string_view(command.name) == "ROLE";
}

Redis::Loss Redis::handle(const redisReply& reply) {
    if (queue().empty()) {
        return {"unexpected reply"};
    }
    return complete(result_of(queue().front(), reply));
}

/*
 * An answer that only another command can have fails this one. To a SET … NX,
 * nil means that the key was there already.
 */
Redis::Result Redis::result_of(const Command& command,
                               const redisReply& reply) const {
    constexpr Result unexpected{.code = "unexpected",
                                .error = "unexpected reply"};
    bool is_get = command.is(Kind::get);
    bool is_add = command.is(Kind::add);

    if (command.role == Role::version && reply.type != REDIS_REPLY_ERROR) {
        return introduced(reply);
    }
    if ((command.role == Role::clock || command.role == Role::memory) &&
        reply.type != REDIS_REPLY_ERROR) {
        return surveyed(command, reply);
    }
    if (is_role(command) && reply.type != REDIS_REPLY_ERROR) {
        return role(reply) == "master"
                   ? Result{.worked = true}
                   : Result{.error = "the server is not the master"};
    }

    switch (reply.type) {
    case REDIS_REPLY_ERROR:
        return {.code = error_code(reply),
                .error = loggable(text(reply)),
                .refusal = refusal(reply)};
    case REDIS_REPLY_STRING:
        return is_get ? Result{.status = Status::hit,
                               .worked = true,
                               .value = text(reply)}
                      : unexpected;
    case REDIS_REPLY_NIL:
        if (is_get || is_add) {
            return {.status = is_get ? Status::miss : Status::hit,
                    .worked = true};
        }
        return unexpected;
    case REDIS_REPLY_STATUS:
        return is_get ? unexpected
                      : Result{.status = Status::miss, .worked = true};
    default:
        return is_get || is_add ? unexpected : Result{.worked = true};
    }
}

/* The answer to TIME or INFO. */
Redis::Result Redis::surveyed(const Command& command, const redisReply& reply) {
    Survey survey;

    if (command.role == Role::clock) {
        survey.time = time_of(reply);
    } else {
        survey.thrown_out = evicted_keys(reply);
    }
    bool told = survey.time || survey.thrown_out;
    return {.worked = told,
            .survey = survey,
            .code = told ? "" : "unexpected",
            .error = told ? "" : "unexpected reply"};
}

/* The answer to HELLO. A replica accepts no sessions. */
Redis::Result Redis::introduced(const redisReply& reply) const {
    bool replica = believe_ != Believe::all && is_replica(reply);

    return {.worked = true,
            .value = version(reply),
            .error = replica ? "the server is a replica" : "",
            .refusal = replica ? Refusal::standing : Refusal::none};
}

/* A server that loads its data is not ready yet, but not to be avoided for
 * that. */
Finder::Probed Redis::try_out(Connection& connection, coro::Time deadline) {
    Talk talk(scheduler_, connection, deadline);

    bool greeted =
        talk.authenticate(options_.user, options_.password) &&
        (options_.db == 0 || talk.ask({"SELECT", std::to_string(options_.db)}));
    Finder::Probed probed = greeted ? introduce(talk) : Finder::Probed::serves;

    if (probed != Finder::Probed::serves ||
        (greeted && talk.ask({"PING"}) != nullptr)) {
        return probed;
    }
    return is_final(talk.refusal()) ? Finder::Probed::refuses
                                    : Finder::Probed::away;
}

/* Whether it has the expected role, as far as it says. */
Finder::Probed Redis::introduce(Talk& talk) const {
    if (believe_ == Believe::masters) {
        Reply reply = talk.ask({"ROLE"}, true);
        if (reply == nullptr) {
            return Finder::Probed::away;
        }
        return role(*reply) == "master" ? Finder::Probed::serves
                                        : Finder::Probed::refuses;
    }

    bool asks = believe_ != Believe::all && tells_version();
    Reply hello = asks ? talk.ask({"HELLO", "2"}, true) : nullptr;
    return hello != nullptr && is_replica(*hello) ? Finder::Probed::refuses
                                                  : Finder::Probed::serves;
}

}  // namespace redis

std::unique_ptr<Store> make_redis(coro::Scheduler& scheduler, Options options,
                                  Log log) {
    auto store = std::make_unique<redis::Redis>(scheduler, std::move(options),
                                                std::move(log));
    store->start();
    return store;
}

}  // namespace backends
