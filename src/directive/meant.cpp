#include "directive/meant.hpp"

#include "directive/values.hpp"
#include "numbers/number.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <optional>
#include <vector>

namespace session_cache::meant {

namespace {

bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

bool is_one_of(std::initializer_list<std::string_view> all,
               std::string_view value) {
    return std::find(all.begin(), all.end(), value) != all.end();
}

/* The Levenshtein distance. */
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});

    for (std::size_t i = 0; i < a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i + 1;
        for (std::size_t j = 0; j < b.size(); ++j) {
            std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
        }
    }
    return row.back();
}

/* Cuts a number, possibly with a fraction, off the text. */
std::optional<double> cut_number(std::string_view& text) {
    std::size_t size =
        std::min(text.find_first_not_of("0123456789."), text.size());
    std::string_view number = text.substr(0, size);
    std::size_t dot = number.find('.');
    auto whole = numbers::read<std::uint32_t>(number.substr(0, dot));
    std::string_view rest =
        dot == number.npos ? std::string_view() : number.substr(dot + 1);
    auto part = rest.empty() ? std::optional<std::uint32_t>(0)
                             : numbers::read<std::uint32_t>(rest);

    if (!whole || !part || rest.size() > 6) {
        return std::nullopt;
    }
    text.remove_prefix(size);
    return *whole + *part / std::pow(10.0, rest.size());
}

/* The length of a unit, by its name. 0 if it is not a unit. */
double milliseconds_of(std::string_view unit) {
    struct Unit {
        std::string_view name;
        double milliseconds;
    };
    constexpr std::array<Unit, 19> units{{
        {"", 1},          {"ms", 1},       {"msec", 1},      {"s", 1e3},
        {"sec", 1e3},     {"secs", 1e3},   {"second", 1e3},  {"seconds", 1e3},
        {"m", 6e4},       {"min", 6e4},    {"mins", 6e4},    {"minute", 6e4},
        {"minutes", 6e4}, {"h", 3.6e6},    {"hour", 3.6e6},  {"hours", 3.6e6},
        {"d", 8.64e7},    {"day", 8.64e7}, {"days", 8.64e7},
    }};
    const auto* found =
        std::find_if(units.begin(), units.end(),
                     [&](const Unit& u) { return u.name == unit; });
    return found != units.end() ? found->milliseconds : 0;
}

/* In the largest unit of which it is a whole number. */
std::string time_of(std::uint64_t milliseconds) {
    struct Unit {
        std::string_view name;
        std::uint64_t milliseconds;
    };
    constexpr std::array<Unit, 4> units{
        {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1000}}};

    for (const Unit& unit : units) {
        if (milliseconds % unit.milliseconds == 0) {
            return std::to_string(milliseconds / unit.milliseconds)
                .append(unit.name);
        }
    }
    return std::to_string(milliseconds) + "ms";
}

struct Scheme {
    std::string_view prefix;
    std::string_view with; /* what is needed besides the address */
};

constexpr std::array<Scheme, 9> schemes{{
    {"unix://", ""},
    {"redis://", ""},
    {"rediss://", " tls=on"},
    {"valkey://", ""},
    {"valkeys://", " tls=on"},
    {"memcached://", " type=memcached"},
    {"memcache://", " type=memcached"},
    {"tcp://", ""},
    {"tls://", " tls=on"},
}};

/* The host and port of a URL, without the rest. */
std::string of_url(std::string_view rest, const Scheme& scheme) {
    if (scheme.prefix == "unix://") {
        return "unix:" + std::string(rest);
    }

    std::size_t slash = std::min(rest.find('/'), rest.size());
    std::string_view db = rest.substr(slash);
    ServerParameters server;
    if (!read_server(rest.substr(0, slash), server)) {
        return {};
    }

    std::string text = std::string(rest.substr(0, slash));
    if (db.size() > 1 && std::all_of(db.begin() + 1, db.end(), is_digit)) {
        text.append(" db=").append(db.substr(1));
    }
    return text.append(scheme.with);
}

/* Without brackets, the beginning of the port is unknown. */
bool is_ipv6(std::string_view value) {
    return std::count(value.begin(), value.end(), ':') > 1 &&
           value.find_first_not_of("0123456789abcdefABCDEF:.") == value.npos;
}

/* "a,b" */
std::string several(std::string_view value) {
    std::string text;

    while (!value.empty()) {
        std::size_t comma = std::min(value.find(','), value.size());
        ServerParameters server;
        if (!read_server(value.substr(0, comma), server)) {
            return {};
        }
        text.append(text.empty() ? "" : " addr=")
            .append(value.substr(0, comma));
        value.remove_prefix(std::min(comma + 1, value.size()));
    }
    return text;
}

}  // namespace

std::string lower(std::string_view text) {
    std::string low(text);
    std::transform(low.begin(), low.end(), low.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return low;
}

std::string address(std::string_view value) {
    if (value.starts_with('/')) {
        return "unix:" + std::string(value);
    }
    for (const Scheme& scheme : schemes) {
        if (lower(value).starts_with(scheme.prefix)) {
            return of_url(value.substr(scheme.prefix.size()), scheme);
        }
    }
    if (value.find(',') != value.npos && value.find("weight") == value.npos) {
        return several(value);
    }
    return is_ipv6(value) ? "[" + std::string(value) + "]" : "";
}

std::string type(std::string_view value) {
    std::string low = lower(value);

    if (is_one_of({"valkey", "keydb", "dragonfly", "dragonflydb", "redict",
                   "kvrocks", "garnet", "rediss"},
                  low)) {
        return "redis";
    }
    if (is_one_of({"cluster", "redis-cluster", "redis_cluster"}, low)) {
        return "redis cluster=on";
    }
    if (low == "sentinel" || low == "redis-sentinel") {
        return "redis sentinel=name";
    }
    return one_of({"redis", "memcached"}, value);
}

std::string flag(std::string_view value) {
    std::string low = lower(value);

    if (is_one_of({"on", "yes", "true", "1", "enable", "enabled"}, low)) {
        return "on";
    }
    if (is_one_of({"off", "no", "false", "0", "none", "disable", "disabled"},
                  low)) {
        return "off";
    }
    return one_of({"on", "off"}, value);
}

std::string time(std::string_view value) {
    constexpr double longest = 2147483647;
    std::string low = lower(value);
    std::erase_if(low, [](char c) { return c == ' ' || c == '_'; });
    std::string_view rest = low;
    double sum = 0;

    while (!rest.empty()) {
        auto number = cut_number(rest);
        std::size_t end =
            std::min(rest.find_first_of("0123456789."), rest.size());
        double unit = milliseconds_of(rest.substr(0, end));
        if (!number || unit == 0) {
            return {};
        }
        sum += *number * unit;
        rest.remove_prefix(end);
    }
    bool is_out_of_range = sum < 1 || sum > longest || read_time(value);
    return is_out_of_range ? std::string()
                           : time_of(static_cast<std::uint64_t>(sum));
}

std::string number(std::string_view value) {
    std::string low = lower(value);
    std::erase_if(low, [](char c) { return c == ' ' || c == '_' || c == ','; });
    std::uint64_t factor = 1;

    if (!low.empty() && (low.back() == 'k' || low.back() == 'm')) {
        factor = low.back() == 'k' ? 1000 : 1'000'000;
        low.pop_back();
    }
    auto number = numbers::read<std::uint32_t>(std::string_view(low));
    bool is_as_before = factor == 1 && low == value;
    bool is_known = number && *number != 0 && !is_as_before &&
                    *number * factor <= 2147483647;
    return is_known ? std::to_string(*number * factor) : std::string();
}

std::string count(std::string_view value) {
    return is_one_of({"unlimited", "infinite", "inf", "infinity", "none", "no",
                      "off", "max", "-1"},
                     lower(value))
               ? "unlimited"
               : number(value);
}

std::string one_of(std::initializer_list<std::string_view> all,
                   std::string_view value) {
    return std::string(
        closest(lower(value), std::span(all.begin(), all.size())));
}

/* Every word is close to a short one. */
std::string_view closest(std::string_view value,
                         std::span<const std::string_view> all) {
    std::string_view found;
    std::size_t best = value.size() > 3 ? 3 : 2;

    for (std::string_view one : all) {
        std::size_t far = value == one ? 0 : distance(value, one);
        bool is_short = value.size() < 3 || one.size() < 3;
        if (far < best && (far == 0 || !is_short)) {
            best = far;
            found = one;
        }
    }
    return found;
}

}  // namespace session_cache::meant
