#include "debug/wire/redis.hpp"

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
    {"PSETEX", Verb::set, '+', 3}, {"SET", Verb::set, '+', 2},
    {"DEL", Verb::erase, ':'},     {"UNLINK", Verb::erase, ':'},
};

std::string upper(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) {
        return static_cast<char>(std::toupper(c));
    });
    return text;
}

const Known* find(std::string_view name) {
    const auto* found =
        std::find_if(std::begin(known), std::end(known),
                     [&](const Known& each) { return each.name == name; });
    return found == std::end(known) ? nullptr : found;
}

/* Whether the first words of a command are these. */
bool begins(const std::vector<RespItem::Word>& words, std::string_view first,
            std::string_view second) {
    return words.size() >= 2 && upper(words[0].head) == first &&
           upper(words[1].head) == second;
}

bool fits(char expected, const RespItem& reply) {
    return expected == 0 || reply.type == expected || reply.type == '-' ||
           reply.type == '_';
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
      lost_commands_(!flow.from_start), lost_replies_(!flow.from_start) {}

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
    bool client = from == Side::client;
    bool& lost = client ? lost_commands_ : lost_replies_;
    RespScanner& scanner = client ? commands_ : replies_;

    /* A segment mostly begins where a command or reply does. */
    if (lost) {
        bool begins = client ? recognises(bytes)
                             : std::string_view("+-:$*").find(bytes.front()) !=
                                   std::string_view::npos;
        if (!begins) {
            return;
        }
        lost = false;
    }
    while (scanner.next(bytes)) {
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

    const Known* command = find(upper(words[0].head));
    if (command == nullptr || words.size() < 2) {
        Pending other;
        if (begins(words, "CLUSTER", "SLOTS")) {
            other = {.reply = '*', .asks = Asks::slots};
        } else if (begins(words, "SENTINEL", "GET-MASTER-ADDR-BY-NAME")) {
            other = {.reply = '*', .asks = Asks::master};
        }
        pending_.push_back(other);
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
    pending_.push_back({.id = asked.id, .reply = command->reply});
    listener_.asked(flow_, time, asked);
}

void RedisReader::reply(Time time) {
    const RespItem& reply = replies_.item();
    if (reply.type == '>' || pending_.empty()) {
        return; /* nobody has asked for it, or before the capture began */
    }
    if (!fits(pending_.front().reply, reply)) {
        resynchronise();
        return;
    }
    Pending command = pending_.front();
    pending_.pop_front();
    if (command.asks == Asks::master) {
        learn_master(reply);
    }
    if (command.id != 0) {
        listener_.answered(flow_, time, command.id, read_reply(reply));
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

/* Of a Sentinel, which is no store itself. */
void RedisReader::learn_master(const RespItem& reply) {
    if (reply.type != '*' || reply.words.size() != 2) {
        return;
    }
    if (auto master =
            named_by(flow_.server, reply.words[0].head, reply.words[1].head)) {
        nodes_.add(*master);
    }
}

/* Which reply is whose is not known any more. */
void RedisReader::resynchronise() {
    for (const Pending& command : pending_) {
        if (command.id != 0) {
            listener_.unseen(flow_, command.id);
        }
    }
    pending_.clear();
    commands_ = RespScanner();
    replies_ = reply_scanner();
    lost_commands_ = lost_replies_ = true;
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
