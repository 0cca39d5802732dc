#include "debug/wire/memcached_text.hpp"
#include "numbers/number.hpp"

#include <algorithm>

namespace debug {

namespace {

/* Commands by the reply that ends them. */
enum Kind : unsigned { one_line, get_key, get_end, figures };

std::vector<std::string_view> split(std::string_view line) {
    std::vector<std::string_view> words;
    while (!line.empty()) {
        std::size_t end = std::min(line.find(' '), line.size());
        if (end != 0) {
            words.push_back(line.substr(0, end));
        }
        line.remove_prefix(std::min(end + 1, line.size()));
    }
    return words;
}

/* The size in a line; SIZE_MAX if there is none. */
std::size_t size_in(std::string_view word) {
    std::size_t size = numbers::read<std::size_t>(word).value_or(SIZE_MAX);
    return size < (1U << 30) ? size : SIZE_MAX;
}

bool stores(std::string_view name) {
    return name == "set" || name == "add" || name == "replace" ||
           name == "append" || name == "prepend" || name == "cas";
}

/* The kind of error in a line; empty if it is none. */
std::string_view error_code(std::string_view line) {
    for (std::string_view code : {"CLIENT_ERROR", "SERVER_ERROR"}) {
        if (line.starts_with(code)) {
            return code;
        }
    }
    return line == "ERROR" ? line : std::string_view();
}

}  // namespace

MemcachedTextReader::MemcachedTextReader(StoreListener& listener,
                                         const Flow& flow)
    : listener_(listener), flow_(flow), pending_(listener, flow) {}

void MemcachedTextReader::data(Side from, Time time, std::string_view bytes) {
    Way& way = ways_.at(static_cast<std::size_t>(from));

    while (!bytes.empty() && !lost_) {
        std::size_t skipped = std::min(way.skip, bytes.size());
        way.skip -= skipped;
        bytes.remove_prefix(skipped);

        std::size_t end = bytes.find('\n');
        std::string_view part = bytes.substr(0, end);
        if (way.line.size() + part.size() > max_line) {
            lose();
            return;
        }
        way.line += part;
        if (end == std::string_view::npos) {
            return;
        }
        bytes.remove_prefix(end + 1);
        if (!way.line.empty() && way.line.back() == '\r') {
            way.line.pop_back();
        }
        std::string whole;
        whole.swap(way.line);
        line(from, time, whole);
    }
}

std::size_t MemcachedTextReader::held() const {
    return sizeof(*this) + ways_[0].line.capacity() + ways_[1].line.capacity() +
           pending_.held();
}

void MemcachedTextReader::line(Side from, Time time, std::string_view line) {
    if (from == Side::client) {
        command(time, line);
    } else if (!pending_.empty()) {
        reply(time, line);
    }
}

void MemcachedTextReader::command(Time time, std::string_view line) {
    std::vector<std::string_view> words = split(line);
    if (words.empty()) {
        return;
    }

    if (words[0] == "get" || words[0] == "gets") {
        gets(time, words);
    } else if (stores(words[0])) {
        set(time, words);
    } else if (words[0] == "delete" && words.size() > 1) {
        pending_.push(time,
                      {.id = next_command_id(),
                       .store = "memcached",
                       .name = "delete",
                       .verb = Verb::erase,
                       .key = {},
                       .answered = words.back() != "noreply"},
                      words[1], one_line, false);
    } else if (words[0] == "stats") {
        pending_.push_other(figures);
    } else if (words[0] != "quit" && words.back() != "noreply") {
        pending_.push_other(one_line);
    }
}

void MemcachedTextReader::gets(Time time,
                               const std::vector<std::string_view>& words) {
    for (std::size_t i = 1; i < words.size(); ++i) {
        pending_.push(time,
                      {.id = next_command_id(),
                       .store = "memcached",
                       .name = "get",
                       .verb = Verb::get,
                       .key = {}},
                      words[i], get_key, false);
    }
    pending_.push_other(get_end);
}

void MemcachedTextReader::set(Time time,
                              const std::vector<std::string_view>& words) {
    std::size_t size = words.size() > 4 ? size_in(words[4]) : SIZE_MAX;
    if (size == SIZE_MAX) {
        lose();
        return;
    }
    ways_[0].skip = size + 2;
    pending_.push(time,
                  {.id = next_command_id(),
                   .store = "memcached",
                   .name = "set",
                   .verb = Verb::set,
                   .key = {},
                   .size = size,
                   .answered = words.back() != "noreply"},
                  words[1], one_line, false);
}

void MemcachedTextReader::reply(Time time, std::string_view line) {
    if (line.starts_with("VALUE ")) {
        value(time, line);
        return;
    }
    if (strays_ && line == "END") {
        strays_ = false;
        return;
    }
    if (pending_.front().kind == figures && line.starts_with("STAT ")) {
        return; /* its END is still to come */
    }

    StoreReply reply;
    std::string_view error = error_code(line);
    if (!error.empty()) {
        reply.outcome = Outcome::error;
        reply.text = error;
    } else if (line == "END" || line == "NOT_FOUND" || line == "NOT_STORED") {
        reply.outcome = Outcome::miss;
    }
    bool ends = pending_.front().kind != one_line;
    if (ends ? line != "END" && error.empty() : line == "END") {
        lose();
        return;
    }
    /* At the END of a get, the unanswered keys are misses. */
    while (pending_.front().kind == get_key) {
        pending_.answer_front(time, reply);
    }
    pending_.answer_front(time, reply);
}

void MemcachedTextReader::value(Time time, std::string_view line) {
    std::vector<std::string_view> words = split(line);
    std::size_t size = words.size() > 3 ? size_in(words[3]) : SIZE_MAX;
    if (size == SIZE_MAX) {
        lose();
        return;
    }
    ways_[1].skip = size + 2;

    /* Values come in the order of the keys. Skipped keys are misses. */
    std::size_t key = PendingCommands::hash(words[1]);
    if (!pending_.is_in_first(key, get_key) &&
        !pending_.bring_forward(key, get_key)) {
        strays_ = true; /* of a command that the capture lacks */
        return;
    }
    while (pending_.front().key != key) {
        pending_.answer_front(time, {.outcome = Outcome::miss});
    }
    pending_.answer_front(time, {.outcome = Outcome::hit, .size = size});
}

void MemcachedTextReader::gap(Side /*from*/, Time /*time*/) {
    lose();
}

void MemcachedTextReader::closed(Side by, Time time, bool /*reset*/) {
    listener_.disconnected(flow_, time, by);
}

void MemcachedTextReader::forgotten(Time /*time*/) {
    lose();
}

void MemcachedTextReader::lose() {
    pending_.clear();
    lost_ = true;
}

}  // namespace debug
