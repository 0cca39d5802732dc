#include "debug/wire/redis.hpp"
#include "debug/wire/upper.hpp"

#include <algorithm>
#include <cctype>

namespace debug {

namespace {

struct Known {
    std::string_view name;
    Verb verb;
    char reply;
    std::size_t value = 0; /* the place of its value, if it has one */
};

constexpr Known known[] = {
    {"GET", Verb::get, '$'},       {"SETEX", Verb::set, '+', 3},
    {"PSETEX", Verb::set, '+', 3}, {"SET", Verb::set, 0, 2}, /* with NX */
    {"DEL", Verb::erase, ':'},     {"UNLINK", Verb::erase, ':'},
};

/* Commands that no worker sends: those of replicas and administration. */
constexpr std::string_view of_others[] = {
    "PSYNC",  "SYNC",    "REPLCONF",  "MONITOR",    "CONFIG", "SLOWLOG",
    "CLIENT", "LATENCY", "MEMORY",    "SCAN",       "KEYS",   "DBSIZE",
    "DEBUG",  "COMMAND", "SUBSCRIBE", "PSUBSCRIBE",
};

const Known* find(std::string_view name) {
    const auto* found =
        std::find_if(std::begin(known), std::end(known),
                     [&](const Known& each) { return each.name == name; });
    return found == std::end(known) ? nullptr : found;
}

/* Whether a command begins with these words. */
bool begins(const std::vector<RespItem::Word>& words, std::string_view first,
            std::string_view second) {
    return words.size() >= 2 && upper(words[0].head) == first &&
           upper(words[1].head) == second;
}

/* A worker asks only for INFO stats. */
bool is_of_others(const std::vector<RespItem::Word>& words) {
    std::string name = upper(words[0].head);
    if (name == "INFO") {
        return !begins(words, "INFO", "STATS");
    }
    return std::find(std::begin(of_others), std::end(of_others), name) !=
           std::end(of_others);
}

bool fits(char expected, char type) {
    return expected == 0 || type == expected || type == '-' || type == '_';
}

/* An error's first word, if it looks like a code. */
std::string code_of(std::string code) {
    code.resize(std::min(code.find(' '), code.size()));
    bool plain = std::all_of(code.begin(), code.end(), [](unsigned char c) {
        return std::isupper(c) != 0;
    });
    return plain ? code.substr(0, 20) : "error";
}

}  // namespace

RedisReader::RedisReader(StoreListener& listener, const Flow& flow,
                         RedisNodes& nodes)
    : listener_(listener), flow_(flow), nodes_(nodes),
      slots_(nodes, flow.server), replies_(reply_scanner()),
      lost_commands_(!flow.from_start), lost_replies_(!flow.from_start),
      in_step_(flow.from_start), sure_(flow.from_start) {
    if (!sure_) {
        listener_.unsure(flow_);
    }
}

std::size_t RedisReader::held() const {
    return sizeof(*this) + commands_.held() + replies_.held() +
           pending_.size() * sizeof(Pending) + early_.size() * sizeof(Reply) +
           history_.size() * sizeof(Answered);
}

RespScanner RedisReader::reply_scanner() {
    return RespScanner(
        [this](std::size_t depth, char type, std::string_view head) {
            if (!pending_.empty() && pending_.front().asks == Asks::slots) {
                slots_.element(depth, type, head);
            }
        });
}

bool RedisReader::recognises(std::string_view bytes) noexcept {
    return bytes.size() >= 2 && bytes[0] == '*' && bytes[1] >= '1' &&
           bytes[1] <= '9';
}

void RedisReader::data(Side from, Time time, std::string_view bytes) {
    spoken_ = true;
    listen(time);
    if (listener_.is_doubted(flow_)) {
        find_step();
    }
    bool client = from == Side::client;
    bool& lost = client ? lost_commands_ : lost_replies_;
    RespScanner& scanner = client ? commands_ : replies_;

    /* Usually, a command or reply begins at the start of a segment. */
    if (lost) {
        bool begins = client ? recognises(bytes)
                             : std::string_view("+-:$*").find(bytes.front()) !=
                                   std::string_view::npos;
        if (!begins) {
            return;
        }
        lost = false;
    }
    while (!aside_ && scanner.next(bytes)) {
        client ? command(time) : reply(time);
    }
    if (scanner.failed()) {
        resynchronise();
    }
}

void RedisReader::command(Time time) {
    if (pending_.size() == max_pending) {
        resynchronise();
        return;
    }
    const auto& words = commands_.item().words;
    if (words.empty()) {
        return;
    }

    if (is_of_others(words)) {
        set_aside();
        return;
    }
    const Known* command = find(upper(words[0].head));
    if (command == nullptr || words.size() < 2) {
        Pending other;
        if (begins(words, "CLUSTER", "SLOTS")) {
            other = {.reply = '*', .asks = Asks::slots};
        } else if (begins(words, "SENTINEL", "GET-MASTER-ADDR-BY-NAME")) {
            other = {.reply = '*', .asks = Asks::master};
        } else if (words.size() == 1 && upper(words[0].head) == "PING") {
            other = {.reply = '+'};
        }
        other.asked = time;
        expect(other);
        return;
    }
    StoreCommand asked;
    asked.id = next_command_id();
    asked.store = "redis";
    asked.name = command->name;
    asked.verb = command->verb;
    asked.key = words[1].head;
    if (command->value != 0 && words.size() > command->value) {
        asked.size = words[command->value].size;
    }
    listener_.asked(flow_, time, asked);
    expect({.id = asked.id, .reply = command->reply, .asked = time});
}

/* Its reply may have been captured first. */
void RedisReader::expect(const Pending& command) {
    pending_.push_back(command);
    while (!early_.empty() && !pending_.empty()) {
        Reply reply = std::move(early_.front());
        early_.pop_front();
        if (command.asked - reply.time <= max_disorder) {
            answer(std::move(reply));
        }
    }
}

void RedisReader::reply(Time time) {
    const RespItem& reply = replies_.item();
    if (reply.type == '>') {
        return; /* no command asked for it */
    }
    /* A replica that we took for the server: its commands look like replies. */
    if (reply.type == '*' && begins(reply.words, "REPLCONF", "ACK")) {
        set_aside();
        return;
    }
    if (!pending_.empty() && pending_.front().asks == Asks::master) {
        learn_master(reply);
    }
    answer({reply.type, time, read_reply(reply)});
}

void RedisReader::answer(Reply reply) {
    if (pending_.empty()) {
        if (in_step_) {
            if (early_.size() < max_early) {
                early_.push_back(std::move(reply));
            }
            return;
        }
        /* The capture lacks a command. As replies come in order, it is the
         * first reply's, not this one's. */
        if (!sure_) {
            shift_by(-1);
        }
        if (pending_.empty()) {
            return;
        }
    }
    Pending command = pending_.front();
    if (!debug::fits(command.reply, reply.type)) {
        resynchronise();
        return;
    }
    pending_.pop_front();
    if (command.id != 0) {
        listener_.answered(flow_, reply.time, command.id, reply.read);
    }
    /* A reply to the command before would have that one's type. */
    if (command.reply != 0 && !history_.empty() &&
        reply.type == command.reply && history_.back().command.reply != 0 &&
        history_.back().command.reply != command.reply) {
        be_sure();
    }
    history_.push_back({command, std::move(reply)});
    if (history_.size() > max_history) {
        history_.pop_front();
    }
}

/* How well this reply fits the command. */
StoreListener::Fit RedisReader::fit(const Pending& command,
                                    const Reply& reply) const {
    using Fit = StoreListener::Fit;
    Microseconds early = command.asked - reply.time;

    if (!debug::fits(command.reply, reply.type) || early > max_disorder) {
        return Fit::impossible;
    }
    Fit known = command.id == 0
                    ? Fit::good
                    : listener_.fits(command.id, reply.time, reply.read);
    return known == Fit::good && early > Microseconds(0) ? Fit::odd : known;
}

/* How well a missing reply fits the command. */
StoreListener::Fit RedisReader::fit_without(const Pending& command) const {
    return command.id == 0 ? StoreListener::Fit::good
                           : listener_.fits(command.id, Time::max(),
                                            {.outcome = Outcome::miss});
}

/*
 * The number of odd matches if each reply moves to the command `shift` places
 * further on. None if that is impossible.
 */
std::optional<int> RedisReader::oddities(int shift) const {
    auto answers = static_cast<int>(history_.size());
    auto all =
        answers + static_cast<int>(std::min(pending_.size(), max_history));
    int odd = 0;

    for (int place = 0; place < all; ++place) {
        const Pending& command =
            place < answers
                ? history_[static_cast<std::size_t>(place)].command
                : pending_[static_cast<std::size_t>(place - answers)];
        int i = place - shift;
        auto found =
            i >= 0 && i < answers
                ? fit(command, history_[static_cast<std::size_t>(i)].reply)
                : fit_without(command);
        if (found == StoreListener::Fit::impossible) {
            return std::nullopt;
        }
        odd += found == StoreListener::Fit::odd ? 1 : 0;
    }
    return odd;
}

/* Called when a reply was another command's: finds the shift that fits best. */
void RedisReader::find_step() {
    std::optional<int> best;
    int best_odd = 0;

    for (int places = 1; places <= max_shift; ++places) {
        for (int shift : {-places, places}) {
            auto odd = oddities(shift);
            if (odd && (!best || *odd < best_odd)) {
                best = shift;
                best_odd = *odd;
            }
        }
    }
    if (best) {
        shift_by(*best);
    }
}

/* Takes all replies back, and assigns them to the right commands. */
void RedisReader::shift_by(int shift) {
    std::deque<Reply> replies;
    while (!history_.empty()) {
        pending_.push_front(history_.back().command);
        replies.push_front(std::move(history_.back().reply));
        history_.pop_back();
        if (pending_.front().id != 0) {
            listener_.reopened(flow_, pending_.front().id);
        }
    }
    for (; shift > 0 && !pending_.empty(); --shift) {
        if (pending_.front().id != 0) {
            listener_.unseen(flow_, pending_.front().id);
        }
        pending_.pop_front();
    }
    for (Reply& reply : replies) {
        if (shift < 0) {
            ++shift; /* the capture lacks its command */
        } else if (!pending_.empty()) {
            answer(std::move(reply));
        }
    }
}

StoreReply RedisReader::read_reply(const RespItem& reply) {
    if (reply.type == '-') {
        return read_error(reply.words.front().head);
    }
    StoreReply read;
    if (reply.null) {
        read.outcome = Outcome::miss;
    } else if (reply.type == '$') {
        read.outcome = Outcome::hit;
        read.size = reply.words.front().size;
    }
    return read;
}

StoreReply RedisReader::read_error(const std::string& error) {
    StoreReply read{.outcome = Outcome::error, .text = code_of(error)};
    if (auto redirect = read_redirect(error)) {
        read.outcome = Outcome::redirect;
        read.to = text(*redirect, flow_.server);
        if (auto node =
                named_by(flow_.server, redirect->host, redirect->port)) {
            nodes_.add(*node);
        }
    } else if (read.text == "CLUSTERDOWN" || read.text == "TRYAGAIN") {
        read.outcome = Outcome::away;
    }
    return read;
}

/* Reads a Sentinel's reply. A Sentinel is no store itself. */
void RedisReader::learn_master(const RespItem& reply) {
    if (reply.type != '*' || reply.words.size() != 2) {
        return;
    }
    if (auto master =
            named_by(flow_.server, reply.words[0].head, reply.words[1].head)) {
        nodes_.add(*master);
    }
}

/* Called when replies can no longer be matched to commands. */
void RedisReader::resynchronise() {
    for (const Pending& command : pending_) {
        if (command.id != 0) {
            listener_.unseen(flow_, command.id);
        }
    }
    pending_.clear();
    early_.clear();
    history_.clear();
    in_step_ = sure_ = false;
    listener_.unsure(flow_);
    commands_ = RespScanner();
    replies_ = reply_scanner();
    lost_commands_ = lost_replies_ = true;
}

void RedisReader::listen(Time time) {
    if (!sure_ && pending_.empty() && heard_ != Time() &&
        time - heard_ >= quiet) {
        be_sure();
    }
    heard_ = time;
}

void RedisReader::be_sure() {
    if (!sure_) {
        sure_ = true;
        listener_.sure(flow_);
    }
}

void RedisReader::set_aside() {
    aside_ = true;
    pending_.clear();
    early_.clear();
    history_.clear();
    listener_.set_aside(flow_);
}

void RedisReader::gap(Side /*from*/, Time /*time*/) {
    resynchronise();
}

void RedisReader::closed(Side by, Time time, bool /*reset*/) {
    listener_.disconnected(flow_, time, by);
}

void RedisReader::forgotten(Time /*time*/) {
    resynchronise();
}

}  // namespace debug
