#include "backends/redis/cluster_node.hpp"

#include <new>
#include <utility>

namespace backends::redis {

namespace {

constexpr const char* slots_command = "CLUSTER SLOTS";

/* Whether nobody has the slot at the moment. Nothing is wrong with the command,
 * or with what is known of the slot. */
bool is_away(std::string_view code) noexcept {
    return code == "CLUSTERDOWN" || code == "TRYAGAIN";
}

}  // namespace

ClusterNode::ClusterNode(coro::Scheduler& scheduler, Options options, Log log,
                         Listener& listener)
    : Redis(scheduler, own(std::move(options), this), std::move(log),
            Believe::all),
      listener_(listener) {}

Options ClusterNode::own(Options options, ClusterNode* self) {
    options.wanted = [self, wanted = std::move(options.wanted)] {
        return !self->retired_ && (wanted == nullptr || wanted());
    };
    options.connected = [self, connected = std::move(options.connected)] {
        self->listener_.changed(*self);
        if (connected != nullptr) {
            connected();
        }
    };
    options.lost = [self] {
        self->failed_ = true;
        self->listener_.changed(*self);
    };
    return options;
}

bool ClusterNode::ask_slots() noexcept {
    topology_.reset();
    asked_slots_ = ping_now([this] {
        push(slots_command, Role::ping);
        append({"CLUSTER", "SLOTS"});
    });
    return asked_slots_;
}

std::optional<Topology> ClusterNode::take_topology() noexcept {
    return std::exchange(topology_, std::nullopt);
}

void ClusterNode::retire() noexcept {
    retired_ = true;
    reconsider();
}

void ClusterNode::revive() noexcept {
    retired_ = false;
    reconsider();
}

bool ClusterNode::idle() const noexcept {
    return length() == 0 && !asked_slots_;
}

/* ASKING and the command are one unit, so nothing comes between them. */
void ClusterNode::format(const Request& request, Command& command) {
    command.asking = request.asking;
    if (request.asking) {
        append({"ASKING"});
    }
    Redis::format(request, command);
}

void ClusterNode::expect(const Command& command,
                         Parser& parser) const noexcept {
    if (command.name == slots_command) {
        parser.expect_slots();
    } else {
        Redis::expect(command, parser);
    }
}

/* If ASKING is refused, the command's own reply says why. */
Client::Loss ClusterNode::handle(const redisReply& reply) {
    if (queue().empty()) {
        return Redis::handle(reply);
    }

    Command& command = queue().front();
    if (std::exchange(command.asking, false)) {
        return {};
    }

    bool is_slots = command.name == slots_command;
    if (is_slots) {
        topology_ = parse_topology(reply);
        asked_slots_ = false;
    }

    bool is_error = reply.type == REDIS_REPLY_ERROR && !is_slots;
    Loss loss = is_error ? handle_error(reply) : Redis::handle(reply);
    if (is_slots) {
        listener_.changed(*this);
    }
    return loss;
}

Client::Loss ClusterNode::handle_error(const redisReply& reply) {
    auto where = parse_redirect(text(reply));
    if (where && queue().front().role == Role::request) {
        return redirect(*where, reply);
    }

    Result result = result_of(queue().front(), reply);
    bool refuses = is_away(result.code) || result.refusal != Refusal::none;
    if (is_away(result.code) && queue().front().is(Kind::get)) {
        result.status = Status::miss;
    }

    Loss loss = complete(result);
    if (refuses) {
        listener_.refused(*this);
    }
    return loss;
}

Client::Loss ClusterNode::redirect(const Redirect& redirect,
                                   const redisReply& reply) {
    Command& command = queue().front();
    Result result = result_of(command, reply);
    Request request = request_of(command);

    /* a claim cannot be believed if its slot has moved */
    result.elsewhere =
        listener_.pass_on(*this, redirect, request) || command.surveyed;
    if (!result.elsewhere) {
        queue().front().lookup = std::move(request.lookup);
    }
    return complete(result);
}

/* Of a change, only what was kept still exists. */
ClusterNode::Request ClusterNode::request_of(Command& command) noexcept {
    Request request{.kind = command.kind,
                    .key = {},
                    .value = command.value,
                    .ttl = command.ttl,
                    .lookup = std::move(command.lookup),
                    .followed = command.followed,
                    .kept = std::move(command.kept)};

    if (request.lookup != nullptr) {
        request.key = request.lookup->key();
    } else if (request.kept != nullptr) {
        request.key = request.kept->key();
        request.value = request.kept->value();
        request.ttl = request.kept->ttl();
    }
    return request;
}

void ClusterNode::forget() noexcept {
    Redis::forget();
    asked_slots_ = false;
}

}  // namespace backends::redis
