#include "backends/memcached/server.hpp"

#include "backends/loggable.hpp"
#include "backends/memcached/binary.hpp"
#include "backends/memcached/text.hpp"
#include "numbers/number.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

namespace backends::memcached {

using Type = Reply::Type;

std::uint32_t expiration_of(std::chrono::seconds ttl,
                            std::time_t now) noexcept {
    constexpr std::chrono::seconds max_relative = std::chrono::hours(24 * 30);
    constexpr std::int64_t latest = std::numeric_limits<std::int32_t>::max();

    if (ttl <= max_relative) {
        return static_cast<std::uint32_t>(ttl.count());
    }
    if (now > latest - max_relative.count()) {
        return static_cast<std::uint32_t>(max_relative.count());
    }
    return static_cast<std::uint32_t>(now +
                                      std::min(ttl.count(), latest - now));
}

Server::Server(coro::Scheduler& scheduler, Options options, Log log)
    : Pipeline(scheduler, std::move(options), std::move(log), "memcached") {}

/*
 * Only the binary protocol has SASL, and only the text protocol has the
 * password of "memcached -Y". Without a password, the text protocol is enough.
 * Each step waits for the answer to the one before, because the server may
 * answer nothing after a refusal.
 */
void Server::greet() {
    in_doubt_ = false;
    probing_ = !options_.password.empty();

    if (probing_) {
        push("auth", Role::setup);
        Binary::probe(outbox());
    } else {
        dialect_ = std::make_unique<Text>();
        introduce();
    }
}

void Server::authenticate() {
    push("auth", Role::setup);
    dialect_->authenticate(outbox(), options_.user, options_.password);
    flush();
}

void Server::introduce() {
    if (tells_version()) {
        ask_version();
    } else {
        ping();
    }
    flush();
}

void Server::ask_version() {
    push("version", Role::version);
    dialect_->version(outbox());
}

void Server::ping() {
    push("get", Role::ping);
    dialect_->ping(outbox());
}

void Server::ask_stats(Role role) {
    push("stats", role);
    dialect_->stats(outbox());
}

void Server::format(const Request& request, Command& command) {
    switch (request.kind) {
    case Kind::get:
        command.name = "get";
        command.joined = dialect_->get(outbox(), request.key);
        break;
    case Kind::add:
        command.name = "add";
        put(Put::add, request);
        break;
    case Kind::set:
        command.name = "set";
        put(Put::set, request);
        break;
    case Kind::del:
        command.name = "delete";
        dialect_->erase(outbox(), request.key);
        break;
    }
}

void Server::put(Put how, const Request& request) {
    dialect_->put(outbox(), how, request.key, request.value,
                  expiration_of(request.ttl, std::time(nullptr)));
}

/* For a Redis, the probe is the beginning of a command, and it waits for the
 * end. */
const char* Server::unheard() const noexcept {
    return probing_ ? "; it may be a Redis (type=redis)" : "";
}

void Server::forget() noexcept {
    dialect_.reset();
    survey_ = {};
    has_evictions_ = false;
}

Client::Loss Server::digest(std::string_view bytes) {
    if (dialect_ == nullptr) {
        choose_dialect(bytes.front());
    }

    dialect_->feed(bytes);
    while (std::optional<Reply> reply = dialect_->next()) {
        Loss loss = handle(*reply);
        if (!loss.empty()) {
            return loss;
        }
    }
    return {std::string(dialect_->error())};
}

/* The first byte of the answer to the probe decides. */
void Server::choose_dialect(char first) {
    if (first == Binary::magic) {
        dialect_ = std::make_unique<Binary>();
    } else {
        dialect_ = std::make_unique<Text>();
    }
}

Client::Loss Server::handle(const Reply& reply) {
    if (queue().empty()) {
        return {"unexpected reply"};
    }
    if (probing_) {
        return meet(reply);
    }

    const Command& command = queue().front();
    if (!fits(command, reply)) {
        return {std::string(command.name) + " failed: unexpected reply"};
    }

    if (reply.type == Type::figure) {
        note(reply);
        return {};
    }
    if (!reply.last) {
        return deliver(reply);
    }
    if (command.role == Role::version &&
        reply.text.starts_with("CLIENT_ERROR unauthenticated")) {
        return {"it wants a password (auth): " +
                std::string(loggable(reply.text))};
    }
    if (reply.type == Type::error &&
        (command.is(Kind::set) || command.is(Kind::add))) {
        Loss loss = doubt(reply);
        if (!loss.empty()) {
            return loss;
        }
    }
    in_doubt_ = in_doubt_ && reply.type != Type::version;

    Role role = command.role;
    bool is_survey = role == Role::clock || role == Role::memory;
    Loss loss = complete_line(is_survey && reply.type == Type::end
                                  ? surveyed()
                                  : result_of(command, reply));
    if (loss.empty() && !up()) {
        go_on(role);
    }
    return loss;
}

/* Continues the greeting after this answer. */
void Server::go_on(Role answered) {
    if (answered == Role::setup) {
        introduce();
    } else {
        ping();
        flush();
    }
}

/* For a server with the text protocol, the probe was an error. */
Client::Loss Server::meet(const Reply& reply) {
    bool is_text = !dialect_->numbers_replies();

    if (!is_text && reply.type == Type::error) {
        return {"auth failed: the server has no SASL, start it with \"-S\" or "
                "leave \"auth\" out: " +
                std::string(loggable(reply.text))};
    }
    if (is_text && reply.type != Type::error) {
        return {"auth failed: unexpected reply"};
    }

    probing_ = false;
    complete({.worked = true});
    authenticate();
    return {};
}

/* Whether the reply may be one to the command. */
bool Server::fits(const Command& command, const Reply& reply) noexcept {
    Type type = reply.type;

    if (type == Type::error) {
        return true;
    }

    switch (command.role) {
    case Role::setup:
        return type == Type::stored;
    case Role::version:
        return type == Type::version;
    case Role::ping:
        return type == Type::value || type == Type::end;
    case Role::clock:
    case Role::memory:
        return type == Type::figure || type == Type::end;
    case Role::request:
        break;
    }

    switch (command.kind) {
    case Kind::get:
        return type == Type::value || type == Type::end;
    case Kind::add:
    case Kind::set:
        return type == Type::stored || type == Type::not_stored;
    case Kind::del:
        return type == Type::deleted || type == Type::not_found;
    }
    return false;
}

/* A value of one of the keys in the line that is being answered. */
Client::Loss Server::deliver(const Reply& reply) {
    if (queue().front().role == Role::ping && reply.key == ping_key) {
        return {};
    }

    for (Command& command : queue()) {
        if (&command != &queue().front() && !command.joined) {
            break;
        }
        if (command.lookup != nullptr && command.lookup->key() == reply.key) {
            answer(command.lookup.get(), Status::hit, reply.text);
            command.lookup.reset();
            return {};
        }
    }
    return {"get failed: a value that nobody asked for"};
}

/* Counts by which a value may have disappeared before its time: for lack of
 * memory, with a page that is needed elsewhere, or by flush_all. */
void Server::note(const Reply& figure) noexcept {
    constexpr std::string_view evictions = "evictions";
    constexpr std::array<std::string_view, 4> gone{
        evictions, "slab_reassign_evictions_nomem",
        "slab_reassign_busy_deletes", "cmd_flush"};
    constexpr std::uint64_t latest = 100'000'000'000; /* 3,000 years from now */
    auto number = numbers::read<std::uint64_t>(figure.text);

    if (!number) {
        return;
    }
    if (figure.key == "time" && *number <= latest) {
        survey_.time = std::chrono::seconds(*number);
        survey_.resolution = std::chrono::seconds(1);
    }
    if (std::find(gone.begin(), gone.end(), figure.key) != gone.end()) {
        survey_.thrown_out = survey_.thrown_out.value_or(0) + *number;
        has_evictions_ = has_evictions_ || figure.key == evictions;
    }
}

Pipeline::Result Server::surveyed() noexcept {
    Survey survey = std::exchange(survey_, {});
    bool told = std::exchange(has_evictions_, false) && survey.time;

    if (!told) {
        return {.code = "unexpected", .error = "unexpected reply"};
    }
    return {.worked = true, .survey = survey};
}

/*
 * If a server rejects the line of a set, it may take the value for commands,
 * and answer these, too. Then each reply answers an earlier command. That is
 * mostly harmless, because keys are compared. But an add could get a wrong
 * "stored". So no add is believed until a reply that can belong to only one
 * command has come in its place.
 */
Client::Loss Server::doubt(const Reply& reply) {
    if (dialect_->numbers_replies() || in_doubt_ ||
        reply.text.starts_with("SERVER_ERROR")) {
        return {};
    }
    if (!tells_version()) {
        return {std::string(queue().front().name) +
                " failed: " + std::string(loggable(reply.text))};
    }

    in_doubt_ = true;
    ask_version();
    flush();
    return {};
}

Client::Loss Server::complete_line(const Result& result) {
    Loss loss;

    do {
        loss = complete(result);
    } while (loss.empty() && !queue().empty() && queue().front().joined);
    return loss;
}

/* An add is a hit if there was a value, and a miss if there was none. */
Pipeline::Result Server::result_of(const Command& command,
                                   const Reply& reply) const noexcept {
    bool is_add = command.is(Kind::add);

    if (reply.type == Type::error) {
        return {.code = loggable(reply.text), .error = loggable(reply.text)};
    }
    if (reply.type == Type::not_stored && !is_add) {
        return {.code = "NOT_STORED", .error = "NOT_STORED"};
    }

    bool found = reply.type == Type::value || reply.type == Type::not_stored;
    Status status = found ? Status::hit : Status::miss;
    return {.status = is_add && in_doubt_ ? Status::failed : status,
            .worked = true,
            .value = reply.text};
}

}  // namespace backends::memcached
