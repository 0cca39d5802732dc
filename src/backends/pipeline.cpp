#include "backends/pipeline.hpp"

#include "backends/guess.hpp"
#include "backends/loggable.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <new>
#include <utility>

namespace backends {

Pipeline::Pipeline(coro::Scheduler& scheduler, Options options, Log log,
                   std::string kind)
    : Client(scheduler, std::move(options), std::move(log), kind),
      speaks_(std::move(kind)),
      connection_(scheduler, options_.tls, options_.tls_name),
      outbox_(scheduler.loop(), connection_), ground_(options_.wall) {}

bool Pipeline::enqueue(Request& request) noexcept {
    std::size_t before = outbox().size();
    std::size_t length = queue_.size();

    try {
        Command& command = begin(Role::request, request.deadline);
        command.kind = request.kind;
        format(request, command);
        if (command.joined && cuts()) {
            outbox_.uncut();
        }
        if (request.surveyed) {
            command.surveyed = true;
            ask_memory();
        }
    } catch (const std::bad_alloc&) {
        take_back(length, before);
        return false;
    }

    Command& command = queue_[length];
    queue_.back().lookup = std::move(request.lookup);
    command.followed = request.followed;
    command.value = request.value;
    command.size = request.value.size();
    command.ttl = request.ttl;
    command.kept = std::move(request.kept);
    ++requests_;
    outbox_.queued(is_urgent(request));
    heed_deadline(length);
    return true;
}

/* Removes what was queued and appended last. */
void Pipeline::take_back(std::size_t length, std::size_t bytes) noexcept {
    while (queue_.size() != length) {
        queue_.pop_back();
    }
    outbox().resize(bytes);
}

/* The coroutine may have to wake earlier than an idle connection needs.
 * `before` is how many commands there were. */
void Pipeline::heed_deadline(std::size_t before) noexcept {
    if (before == 0 && queue_.front().deadline < idle_due()) {
        connection_.wake();
    }
}

bool Pipeline::cuts() const noexcept {
    return options_.tls != nullptr && wants_records();
}

/* Queues a command before its bytes are appended. What can fail comes first. */
Pipeline::Command& Pipeline::begin(Role role, coro::Time deadline) {
    if (cuts()) {
        outbox_.cut();
    }
    Command& command = queue_.emplace_back();
    command.role = role;
    command.deadline = deadline;
    return command;
}

void Pipeline::push(const char* name, Role role) {
    begin(role, now() + options_.timeout).name = name;
}

Client::Loss Pipeline::attempt(const Address& address) {
    heard_.clear();
    std::string why = connection_.connect(address, now() + options_.timeout);
    if (!why.empty()) {
        return {std::move(why)};
    }

    version_.clear();
    refusal_.clear();
    refused_ = nullptr;
    loading_since_.reset();
    pause_ = options_.interval;
    survey_due_ = first_survey();
    greet();
    flush();
    return explained(serve());
}

/* A server that never answered as expected may be the wrong kind of server. */
Client::Loss Pipeline::explained(Loss loss) const {
    if (!loss.empty()) {
        loss.why += guess(heard_, speaks_);
        if (loss.silent && options_.tls == nullptr) {
            loss.why += "; it may want TLS (tls=on)";
        }
        if (loss.status == Status::timeout && heard_.empty()) {
            loss.why += unheard();
        }
    }
    return loss;
}

Client::Loss Pipeline::serve() {
    while (!closing()) {
        Loss loss;

        if (connection_.may_read() && !(loss = receive()).empty()) {
            return loss;
        }

        if (queue_.empty() && !wanted()) {
            return {};
        }

        if (!queue_.empty() && queue_.front().deadline <= now()) {
            return timed_out(queue_.front().name);
        }

        if (up() && survey_due_ <= now()) {
            begin_survey();
        } else if (queue_.empty() && ping_due() <= now()) {
            ping();
            flush();
        }

        if (outbox_.blocked()) {
            flush();
        }

        if (outbox_.error() != 0) {
            return hang_up();
        }

        connection_.wait(outbox_.blocked(), due());
    }
    return {};
}

/* When an idle connection has something to do. */
coro::Time Pipeline::idle_due() const noexcept {
    return up() ? std::min(ping_due(), survey_due_) : ping_due();
}

coro::Time Pipeline::due() const noexcept {
    if (queue_.empty()) {
        return idle_due();
    }
    coro::Time deadline = queue_.front().deadline;
    return up() ? std::min(deadline, survey_due_) : deadline;
}

/* At once, unless the server has hung up on it. */
coro::Time Pipeline::first_survey() const noexcept {
    if (!options_.surveyed) {
        return coro::never;
    }
    return hang_ups_ < max_hang_ups ? now() : now() + distrust;
}

/* Instead of a ping, or among requests. */
void Pipeline::begin_survey() {
    survey_at_ = now();
    survey_due_ =
        survey_at_ + random_.time(Ground::period * 3 / 4, Ground::period);
    survey();
    flush();
}

/* Pings become less frequent the longer there are no requests, because a
 * fleet's idle connections would be a load of their own. A server that hangs is
 * still noticed. */
void Pipeline::rest_longer() noexcept {
    pause_ =
        std::min(2 * pause_, std::max(options_.interval, options_.timeout));
}

Client::Loss Pipeline::receive() {
    std::array<char, 16384> buffer;

    auto n = connection_.read(buffer);
    if (!n) {
        int error = errno;
        return hung_up((error == 0 ? "" : "recv() failed: ") +
                       connection_.failure(error));
    }

    if (*n == 0) {
        return {};
    }

    if (!up() && heard_.size() < max_heard) {
        heard_.append(buffer.data(), std::min(*n, max_heard - heard_.size()));
    }
    Loss loss = digest({buffer.data(), *n});
    count_queue();
    return loss;
}

/* Nothing can be sent any more. But the server may have sent something
 * before. */
Client::Loss Pipeline::hang_up() {
    Loss loss;

    do {
        loss = receive();
    } while (loss.empty() && connection_.may_read());

    return !loss.empty() ? loss
                         : hung_up("send() failed: " +
                                   connection_.failure(outbox_.error()));
}

/* A server that has no room says so, whatever it was asked, and hangs up. */
Client::Loss Pipeline::hung_up(const std::string& how) const {
    Loss loss{up() || refusal_.empty() ? how : refusal_};
    loss.silent = heard_.empty();
    return loss;
}

Pipeline::Command Pipeline::take() noexcept {
    Command command = std::move(queue_.front());

    queue_.pop_front();
    requests_ -= command.role == Role::request ? 1 : 0;
    return command;
}

std::string Pipeline::failed(const Command& command, const Result& result) {
    return std::string(command.name) + " failed: " + std::string(result.error);
}

Client::Loss Pipeline::complete(const Result& result) {
    Command command = take();
    idle_since_ = now();

    if (!up()) {
        Loss loss = greeted(command, result);
        if (!loss.empty()) {
            return loss;
        }
    }

    switch (command.role) {
    case Role::request:
        pause_ = options_.interval;
        if (command.surveyed) {
            queue_.front().answer = result.status;
        } else {
            answer(command.lookup.get(), result.status, result.value);
        }
        if (!result.elsewhere) {
            judge(command, result);
        }
        break;
    case Role::setup:
        break;
    case Role::version:
        if (result.worked) {
            version_ = loggable_version(result.value);
        } else {
            refusal_ = failed(command, result);
        }
        break;
    case Role::ping:
        if (!up()) {
            connected(version_);
        } else {
            rest_longer();
        }
        judge(command, result);
        break;
    case Role::clock:
    case Role::memory:
        surveyed(command, result);
        judge(command, result);
        break;
    }
    heed(command, result);
    return {};
}

/* A count that is missing is not known any more. A time that is missing changes
 * nothing. The waiter gets the add's answer. */
void Pipeline::surveyed(const Command& command, const Result& result) {
    if (command.role == Role::clock) {
        hang_ups_ = 0;
    }
    if (command.role == Role::clock && result.survey.time) {
        ground_.compared(*result.survey.time, result.survey.resolution,
                         survey_at_, now());
        tell_clock(*footing().skew);
    }
    if (command.role == Role::memory || result.survey.thrown_out) {
        ground_.counted(result.survey.thrown_out, now());
    }
    answer(command.lookup.get(), command.answer);
}

void Pipeline::tell_clock(const Skew& skew) noexcept {
    meter_.note_clock(skew.ahead);
    bool was_off = std::exchange(is_off_, !skew.is_tolerable());
    if (was_off != is_off_) {
        journal_.clock(skew, now());
    }
}

/*
 * Part of the greeting has been answered. A server that does not serve is
 * accepted only if there is no other.
 */
Client::Loss Pipeline::greeted(const Command& command, const Result& result) {
    bool refuses = is_final(result.refusal);
    bool lost = command.role == Role::setup && !result.worked;

    if (result.refusal == Refusal::locked) {
        return {"it wants a password (auth): " + std::string(result.error),
                Status::down, refuses};
    }

    if (lost || result.refusal == Refusal::farewell ||
        (refuses && finder().has_other())) {
        return {failed(command, result), Status::down, refuses};
    }
    return {};
}

/*
 * If a connected server says that it does not serve, the finder looks for
 * another, until the same command works.
 */
void Pipeline::heed(const Command& command, const Result& result) noexcept {
    if (result.refusal != Refusal::none) {
        ground_.shaken(now());
        if (up() && lasts(result.refusal)) {
            refused_ = command.name;
            finder().refused();
        }
        return;
    }

    loading_since_.reset();
    if (result.worked && refused_ == command.name) {
        refused_ = nullptr;
        finder().accepted();
    }
}

bool Pipeline::lasts(Refusal refusal) noexcept {
    if (refusal != Refusal::passing) {
        return true;
    }
    loading_since_ = loading_since_.value_or(now());
    return now() - *loading_since_ >= options_.timeout;
}

Finder::Probed Pipeline::probe(const Address& address, coro::Time deadline) {
    Connection connection(scheduler_, options_.tls, options_.tls_name);
    struct Probing {
        explicit Probing(Connection*& probing, Connection& connection)
            : probing(probing) {
            probing = &connection;
        }
        ~Probing() { probing = nullptr; }
        Connection*& probing;
    } probing(probing_, connection);

    return connection.connect(address, deadline).empty()
               ? try_out(connection, deadline)
               : Finder::Probed::away;
}

void Pipeline::end_probe() noexcept {
    if (probing_ != nullptr) {
        probing_->close();
    }
}

/* As in the log, but each time, and so without allocating. */
void Pipeline::note_failure(const Command& command,
                            const Result& result) noexcept {
    std::array<char, Note::longest> text;
    int size = std::snprintf(
        text.data(), text.size(), "%s failed: %.*s", command.name,
        static_cast<int>(result.error.size()), result.error.data());
    meter_.went_wrong({text.data(), std::min(static_cast<std::size_t>(size),
                                             text.size() - 1)});
}

/* Counts a change, and logs when a command fails or works again. */
void Pipeline::judge(const Command& command, const Result& result) {
    if (command.is_change()) {
        count(command.kind, result.worked ? Change::done : Change::failed);
    }
    if (!result.worked) {
        note_failure(command, result);
    }
    if (command.role == Role::request) {
        meter_.answered(command.kind, result.worked);
    }
    if (command.is(Kind::set) && result.worked) {
        meter_.bytes_stored.add(command.size);
    }

    if (result.worked) {
        journal_.worked(command.name, now());
    } else {
        journal_.failed(command.name, result.code, {result.error}, now());
    }
}

void Pipeline::disconnect(Status status) noexcept {
    if (closing()) {
        flush();
    }

    connection_.close();
    forget();
    outbox_.clear();
    ground_.lost();

    while (!queue_.empty()) {
        Command command = take();
        answer(command.lookup.get(), status);
        if (command.role == Role::version) {
            tells_version_ = status != Status::down;
        }
        if (command.role == Role::clock && status == Status::down) {
            ++hang_ups_;
        }
        if (command.is_change()) {
            count(command.kind, Change::lost);
        }
    }
}

}  // namespace backends
