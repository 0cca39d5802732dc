#include "simulate/memcached_host.hpp"

#include <array>
#include <sstream>

namespace simulate {

void MemcachedHost::serve(Connection& connection) {
    const std::string request = std::move(connection.request);
    std::string_view rest = request;
    while (connection.is_open() && !connection.is_mute) {
        const auto text = answer(rest);
        if (!text) {
            break;
        }
        if (tells_a_lie()) {
            lie(connection);
        } else {
            connection.reply(*text);
        }
    }
    connection.request = std::string(rest);
}

// Returns nothing if the request is not complete.
std::optional<std::string> MemcachedHost::answer(std::string_view& rest) {
    const auto end = rest.find("\r\n");
    if (end == rest.npos) {
        return std::nullopt;
    }
    std::istringstream line{std::string(rest.substr(0, end))};
    Words words;
    for (std::string word; line >> word;) {
        words.push_back(word);
    }
    if (words.empty()) {
        rest.remove_prefix(end + 2);
        return "ERROR\r\n";
    }

    if (words[0] == "set" || words[0] == "add") {
        const auto size = std::stoul(words.at(4));
        if (rest.size() < end + 2 + size + 2) {
            return std::nullopt;
        }
        const auto value = rest.substr(end + 2, size);
        rest.remove_prefix(end + 2 + size + 2);
        return put(words, value);
    }
    rest.remove_prefix(end + 2);
    if (words[0] == "get") {
        return get(words);
    }
    if (words[0] == "delete") {
        return data.erase(words.at(1)) ? "DELETED\r\n" : "NOT_FOUND\r\n";
    }
    if (words[0] == "version") {
        return "VERSION 1.6.18\r\n";
    }
    return words[0] == "stats" ? stats() : "ERROR\r\n";
}

std::string MemcachedHost::get(const Words& words) {
    std::string text;
    for (std::size_t i = 1; i < words.size(); ++i) {
        if (const auto* value = data.find(words[i])) {
            text += "VALUE " + words[i] + " 0 " +
                    std::to_string(value->size()) + "\r\n" + *value + "\r\n";
        }
    }
    return text + "END\r\n";
}

std::string MemcachedHost::put(const Words& words, std::string_view value) {
    if (words[0] == "add" && data.find(words[1]) != nullptr) {
        return "NOT_STORED\r\n";
    }
    constexpr Seconds most_relative = std::chrono::hours(24 * 30);
    Seconds ttl(std::stol(words.at(3)));
    if (ttl > most_relative) {
        ttl -= std::chrono::duration_cast<Seconds>(data.clock());
    }
    data.put(words[1], value, ttl);
    return "STORED\r\n";
}

std::string MemcachedHost::stats() const {
    const auto seconds = std::chrono::duration_cast<Seconds>(data.clock());
    return "STAT pid 1\r\nSTAT time " + std::to_string(seconds.count()) +
           "\r\nSTAT evictions " + std::to_string(evicted) +
           "\r\nSTAT cmd_flush 0\r\nEND\r\n";
}

// A value names its key, so another command's answer can be seen to be a lie,
// except for sets and adds: none of their answers is sent here.
void MemcachedHost::lie(Connection& connection) {
    constexpr std::array answers{"SERVER_ERROR out of memory\r\n",
                                 "END\r\n",
                                 "ERROR\r\n",
                                 "VALUE other 0 2\r\nab\r\nEND\r\n",
                                 "VALUE k0 0 4294967296\r\n",
                                 "VALUE k0 0 5\r\nabc\r\nEND\r\n",
                                 "VERSION\r\n",
                                 "garbage\r\n"};
    const std::size_t kind = world().chance().below(10);

    world().tell(name(), " lies");
    if (kind < 8) {
        connection.reply(answers.at(kind));
    }
    if (kind != 0 && kind != 2) {  // or later replies answer the wrong command
        connection.is_mute = true;
        if (world().chance().one_in(2)) {
            connection.hang_up();
        }
    }
}

}  // namespace simulate
