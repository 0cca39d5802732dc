#include "simulate/redis_host.hpp"

#include "backends/redis/slots.hpp"
#include "numbers/number.hpp"
#include "support/redis_words.hpp"

#include <array>

namespace simulate {

using backends::redis::slot_of;

std::string RespHost::bulk(std::string_view text) {
    return "$" + std::to_string(text.size()) + "\r\n" + std::string(text) +
           "\r\n";
}

std::string RespHost::number(std::uint64_t n) {
    return ":" + std::to_string(n) + "\r\n";
}

void RespHost::serve(Connection& connection) {
    std::string_view rest = connection.request;
    while (const auto words = support::take_words(rest)) {
        if (!connection.is_open() || connection.is_mute) {
            break;
        }
        if (tells_a_lie()) {
            lie(connection, *words);
        } else {
            connection.reply(answer(connection, *words));
        }
    }
    connection.request = std::string(rest);
}

// Any lie except another command's answer, since nothing in RESP would reveal
// that. After a lie that breaks the protocol nothing more is sent.
void RespHost::lie(Connection& connection, const Words& words) {
    constexpr std::array answers{"$-1\r\n",
                                 "+OK\r\n",
                                 ":7\r\n",
                                 "-ERR what?\r\n",
                                 "-LOADING Redis is loading the dataset\r\n",
                                 "-NOAUTH Authentication required.\r\n",
                                 "-BUSY Redis is busy\r\n",
                                 "*0\r\n",
                                 "-MISCONF Errors writing\r\n"};
    constexpr std::array garbage{"$5\r\nabc", "HTTP/1.1 200 OK\r\n\r\n",
                                 "*99999999\r\n", "$99999999999\r\n", "\r\n"};
    const std::size_t kind = world().chance().below(12);

    world().tell(name(), " lies to ", words.front());
    if (kind < 8) {
        connection.reply(world().chance().of(answers));
        return;
    }
    if (kind < 10) {
        connection.reply(world().chance().of(garbage));
    }
    connection.is_mute = true;
    if (kind % 2 == 0) {
        connection.hang_up();
    }
}

Slots::Slots(std::size_t masters) : owners_(count) {
    for (std::size_t slot = 0; slot < count; ++slot) {
        owners_[slot] = slot * masters / count;
    }
}

void Slots::give(std::size_t from, std::size_t to) {
    for (auto& owner : owners_) {
        owner = owner == from ? to : owner;
    }
}

void Slots::finish_move() {
    for (std::size_t slot = move->first; slot <= move->last; ++slot) {
        owners_[slot] = owners_[slot] == move->from ? move->to : owners_[slot];
    }
    move.reset();
}

std::vector<Slots::Move> Slots::ranges() const {
    std::vector<Move> all;
    for (std::uint16_t slot = 0; slot < count; ++slot) {
        if (all.empty() || all.back().from != owners_[slot]) {
            all.push_back({slot, slot, owners_[slot], 0});
        }
        all.back().last = slot;
    }
    return all;
}

std::string RedisHost::answer(Connection& connection, const Words& words) {
    const auto what = words.front();
    if (is_full) {
        connection.reply("-ERR max number of clients reached\r\n");
        connection.hang_up();
        return "";
    }
    if (what == "HELLO") {
        return "*4\r\n" + bulk("version") + bulk("7.0.15") + bulk("role") +
               bulk(is_replica ? "replica" : "master");
    }
    if (what == "AUTH") {
        return words.back() == password ? "+OK\r\n"
                                        : "-WRONGPASS invalid password\r\n";
    }
    if (what == "ROLE") {
        return "*1\r\n" + bulk(is_replica ? "slave" : "master");
    }
    if (what == "ASKING") {
        connection.asking = true;
        return "+OK\r\n";
    }
    if (what == "CLUSTER") {
        ++topologies;
        return topology();
    }
    auto no = refuse(words);
    if (!no.empty()) {
        return no;
    }
    const bool has_key = words.size() > 1 && what != "INFO" && what != "SELECT";
    const auto elsewhere = has_key && cluster.slots != nullptr
                               ? redirect(connection, words[1])
                               : std::string();
    return elsewhere.empty() ? work(words) : elsewhere;
}

std::string RedisHost::refuse(const Words& words) const {
    const auto what = words.front();
    const bool writes = what == "SET" || what == "SETEX" || what == "DEL";
    if (is_loading) {
        return "-LOADING Redis is loading the dataset in memory\r\n";
    }
    if (is_replica && writes && cluster.slots == nullptr) {
        return "-READONLY You can't write against a read only replica.\r\n";
    }
    if (cluster.is_down && words.size() > 1 && what != "INFO") {
        return "-CLUSTERDOWN The cluster is down\r\n";
    }
    return "";
}

std::string RedisHost::redirect(Connection& connection, std::string_view key) {
    const auto slot = slot_of(key);
    Slots& slots = *cluster.slots;
    const auto owner = slots.owner(slot);
    const bool asked = std::exchange(connection.asking, false);
    const std::string where = std::to_string(slot) + " ";

    if (owner != cluster.self) {
        const bool imports =
            asked && slots.is_moving(slot) && slots.move->to == cluster.self;
        return imports ? "" : "-MOVED " + where + address_of(owner) + "\r\n";
    }
    if (slots.is_moving(slot) && data.find(std::string(key)) == nullptr) {
        return "-ASK " + where + address_of(slots.move->to) + "\r\n";
    }
    return "";
}

std::string RedisHost::work(const Words& words) {
    const auto what = words.front();
    if (what == "TIME") {
        const auto micros = data.clock().count();
        return tells_time
                   ? "*2\r\n" + bulk(std::to_string(micros / 1'000'000)) +
                         bulk(std::to_string(micros % 1'000'000))
                   : "-ERR unknown command 'TIME'\r\n";
    }
    if (what == "INFO") {
        return bulk("# Stats\r\nevicted_keys:" + std::to_string(evicted) +
                    "\r\n");
    }
    if (what == "GET") {
        const auto* value = data.find(std::string(words.at(1)));
        return value != nullptr ? bulk(*value) : "$-1\r\n";
    }
    if (what == "SET" || what == "SETEX") {
        return set(words);
    }
    if (what == "DEL") {
        return number(data.erase(std::string(words.at(1))) ? 1 : 0);
    }
    return what == "PING" ? "+PONG\r\n" : "+OK\r\n";
}

// SETEX key seconds value; SET key value EX seconds NX
std::string RedisHost::set(const Words& words) {
    const bool is_add = words.front() == "SET";
    const auto ttl = numbers::read<std::uint64_t>(words.at(is_add ? 4 : 2));
    const std::string key(words[1]);
    if (!ttl) {
        return "-ERR value is not an integer or out of range\r\n";
    }
    if (is_add && data.find(key) != nullptr) {
        return "$-1\r\n";
    }
    data.put(key, words.at(is_add ? 2 : 3),
             Seconds(static_cast<Seconds::rep>(*ttl)));
    return "+OK\r\n";
}

std::string RedisHost::topology() const {
    if (cluster.slots == nullptr) {
        return "-ERR This instance has cluster support disabled\r\n";
    }
    const auto ranges = cluster.slots->ranges();
    std::string text = "*" + std::to_string(ranges.size()) + "\r\n";
    for (const auto& range : ranges) {
        text += "*3\r\n" + number(range.first) + number(range.last) + "*2\r\n" +
                bulk(ip) + number((*cluster.nodes)[range.from]->port());
    }
    return text;
}

std::string RedisHost::address_of(std::size_t node) const {
    return std::string(ip) + ":" +
           std::to_string((*cluster.nodes)[node]->port());
}

std::string SentinelHost::answer(Connection& /* connection */,
                                 const Words& words) {
    if (words.front() != "SENTINEL") {
        return "+OK\r\n";
    }
    ++questions;
    if (words.at(1) == "sentinels") {
        std::string text = "*" + std::to_string(others.size()) + "\r\n";
        for (const Host* other : others) {
            text += "*4\r\n" + bulk("ip") + bulk(ip) + bulk("port") +
                    bulk(std::to_string(other->port()));
        }
        return text;
    }
    if (master == nullptr) {
        return "*-1\r\n";
    }
    return "*2\r\n" + bulk(ip) + bulk(std::to_string(master->port()));
}

}  // namespace simulate
