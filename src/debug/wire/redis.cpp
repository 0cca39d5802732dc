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

bool fits(char expected, const RespItem& reply) {
    return expected == 0 || reply.type == expected || reply.type == '-' ||
           reply.type == '_';
}

/* An error's first word, if it looks like a code. */
std::string code_of(const RespItem& error) {
    std::string code = error.words.front().head;
    code.resize(std::min(code.find(' '), code.size()));
    bool plain = std::all_of(code.begin(), code.end(), [](unsigned char c) {
        return std::isupper(c) != 0;
    });
    return plain ? code.substr(0, 20) : "error";
}

StoreReply reply_to(const RespItem& reply) {
    StoreReply read;
    if (reply.type == '-') {
        read.outcome = Outcome::error;
        read.text = code_of(reply);
    } else if (reply.null) {
        read.outcome = Outcome::miss;
    } else if (reply.type == '$') {
        read.outcome = Outcome::hit;
        read.size = reply.words.front().size;
    }
    return read;
}

}  // namespace

RedisReader::RedisReader(StoreListener& listener, const Flow& flow)
    : listener_(listener), flow_(flow), lost_commands_(!flow.from_start),
      lost_replies_(!flow.from_start) {}

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
        pending_.push_back({});
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
    pending_.push_back({asked.id, command->reply});
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
    if (command.id != 0) {
        listener_.answered(flow_, time, command.id, reply_to(reply));
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
    replies_ = RespScanner();
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
