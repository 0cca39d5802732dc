#include "fuzz/scripted_sentinels.hpp"

#include "support/test_store.hpp"

#include <algorithm>
#include <array>

namespace {

constexpr std::size_t master_when_well = ScriptedSentinels::size - 1;

// Bytes that cannot be an address.
std::string garbage(Input& script) {
    std::string bytes(script.take(script.byte() % 32));
    std::ranges::replace_if(
        bytes, [](char c) { return c == '.' || c == ':'; }, '!');
    return bytes;
}

std::string repeated(const std::string& text, std::size_t times) {
    std::string all;
    for (std::size_t i = 0; i < times; ++i) {
        all += text;
    }
    return all;
}

std::string refusal(unsigned which) {
    constexpr std::array texts{
        "LOADING Redis is loading the dataset in memory",
        "NOAUTH Authentication required.",
        "WRONGPASS invalid username-password pair",
        "READONLY You can't write against a read only replica.",
        "MASTERDOWN Link with MASTER is down",
        "DENIED Redis is running in protected mode",
        "ERR max number of clients reached",
        "IDONTKNOW I have not enough information",
    };
    return std::string("-") + texts.at(which % texts.size()) + "\r\n";
}

}  // namespace

backends::Resolved ScriptedSentinels::resolve(std::string name,
                                              std::uint16_t /* port */,
                                              coro::Time /* deadline */) {
    names_.insert(name);
    const std::size_t which = name.size() + (name.empty() ? 0 : name.back());
    if (which % 2 == 1) {
        return {.error = "Host not found"};
    }
    return {.addresses = {support::store_address(address(which / 2)),
                          support::store_address(address(which / 2 + 1))}};
}

std::string ScriptedSentinels::answer(Connection& connection,
                                      const Words& words, Input& script) const {
    return healthy() || script.byte() % 4 < 2
               ? right(connection, words, script)
               : wrong(connection, words, script);
}

std::string ScriptedSentinels::right(const Connection& connection,
                                     const Words& words, Input& script) const {
    const auto what = words.front();
    if (what == "SENTINEL") {
        return words.at(1) == "sentinels" ? others(script) : master(script);
    }
    if (what == "HELLO") {
        return "*2\r\n" + bulk("version") + bulk("7.0.15");
    }
    if (what == "ROLE") {
        return "*1\r\n" + bulk("master");
    }
    if (what == "GET") {
        return connection.server == master_when_well ? bulk("value")
                                                     : "$-1\r\n";
    }
    return what == "DEL" ? ":1\r\n" : "+OK\r\n";
}

std::string ScriptedSentinels::wrong(Connection& connection, const Words& words,
                                     Input& script) const {
    switch (script.byte() % 12) {
    case 0:
        return "$-1\r\n";
    case 1:
        return "*-1\r\n";
    case 2:
        return "-ERR " + garbage(script) + "\r\n";
    case 3:
        return refusal(script.byte());
    case 4:
        return array(script);
    case 5:
        return repeated("*1\r\n", script.byte()) + ":1\r\n";
    case 6:
        connection.slow = true;
        return right(connection, words, script);
    case 7:
        connection.closes = true;
        return "";
    case 8:
        return "";
    case 9:
        return (script.byte() % 2 == 0 ? "*" : "$") +
               std::to_string(script.number<std::uint32_t>()) + "\r\n";
    case 10:
        return garbage(script);
    default:
        return number(script.byte());
    }
}

std::string ScriptedSentinels::master(Input& script) const {
    return healthy() ? "*2\r\n" + bulk(address(master_when_well).host) +
                           bulk(own_port(master_when_well))
                     : "*2\r\n" + host(script) + port(script);
}

// Other Sentinels, maybe more than a client may learn of.
std::string ScriptedSentinels::others(Input& script) const {
    const std::size_t n = healthy() ? 0 : script.byte() % 80;
    std::string all = "*" + std::to_string(n) + "\r\n";
    for (std::size_t i = 0; i < n; ++i) {
        all += other(i, script);
    }
    return all;
}

// Most have a name of their own, by which they differ.
std::string ScriptedSentinels::other(std::size_t n, Input& script) const {
    const auto name = bulk("s" + std::to_string(n));
    const auto kind = script.byte();
    if (kind % 8 == 7) {
        return array(script);
    }
    return "*6\r\n" + bulk("name") + name + bulk("ip") +
           (kind % 8 == 6 ? host(script) : name) + bulk("port") +
           (kind % 8 == 5 ? port(script) : bulk(own_port(n)));
}

// An array, whose length need not be the number of its elements.
std::string ScriptedSentinels::array(Input& script) const {
    const unsigned elements = script.byte() % 8;
    std::string all = "*" + std::to_string(script.byte() % 8) + "\r\n";
    for (unsigned i = 0; i < elements; ++i) {
        all += i % 2 == 0 ? host(script) : port(script);
    }
    return all;
}

std::string ScriptedSentinels::host(Input& script) const {
    switch (script.byte() % 16) {
    case 0:
        return bulk("::1");
    case 1:
        return bulk("name" + std::to_string(script.byte()) + ".example");
    case 2:
        return bulk("");
    case 3:
        return bulk(std::string(253, 'a'));
    case 4:
        return bulk(std::string(100'000, 'a'));
    case 5:
        return bulk(garbage(script));
    case 6:
        return "$-1\r\n";
    case 7:
        return number(script.byte());
    case 8:
        return bulk("127.0.0.1\x1b[2J");
    default:
        return bulk("127.0.0.1");
    }
}

std::string ScriptedSentinels::port(Input& script) const {
    switch (script.byte() % 16) {
    case 0:
        return bulk("0");
    case 1:
        return bulk("65536");
    case 2:
        return bulk("");
    case 3:
        return bulk("-1");
    case 4:
        return bulk("1 ");
    case 5:
        return "$-1\r\n";
    case 6:
        return number(address(script.byte()).port);
    case 7:
        return "*1\r\n" + bulk(own_port(0));
    default:
        return bulk(own_port(script.byte()));
    }
}

std::string ScriptedSentinels::own_port(std::size_t i) const {
    return std::to_string(address(i).port);
}
