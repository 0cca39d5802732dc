#include "directive/hints.hpp"

#include "directive/meant.hpp"
#include "directive/values.hpp"
#include "tickets/slot.hpp"

#include <algorithm>
#include <array>

namespace session_cache {

namespace {

/* What a parameter's values look like. */
enum class Looks {
    address,
    port,
    type,
    flag,
    time,
    rotate,
    count,
    number,
    credentials,
    tickets,
    once,
    other
};

struct Kind {
    std::string_view parameter;
    Looks looks;
    std::string_view takes;
};

constexpr std::string_view flags = "\"on\" or \"off\"";
constexpr std::string_view times =
    "a whole number of milliseconds, or with a unit, as in 200ms, 1s, 2m, 1h";
constexpr std::string_view files = "the name of a file";
constexpr std::string_view passwords =
    "\"password\", \"user:password\" or \"file:path\"";

constexpr std::array<Kind, 22> kinds{{
    {"addr", Looks::address,
     "an IPv4 address, [an IPv6 address] or a name, each also with \":port\", "
     "or \"unix:/path\""},
    {"port", Looks::port, "1 to 65535"},
    {"type", Looks::type, "\"redis\" or \"memcached\""},
    {"cluster", Looks::flag, flags},
    {"interval", Looks::time, times},
    {"count", Looks::count, "a number from 1, or \"unlimited\""},
    {"timeout", Looks::time, times},
    {"auth", Looks::credentials, passwords},
    {"db", Looks::number, "a number from 0"},
    {"sentinel", Looks::other,
     "the master's name, as \"sentinel monitor\" has it"},
    {"sentinel_auth", Looks::credentials, passwords},
    {"prefix", Looks::other,
     "up to 128 printable characters of ASCII, without blanks"},
    {"tickets", Looks::tickets, "\"off\", \"keep\" or \"shared\""},
    {"rotate", Looks::rotate, "whole seconds, from 1m to 7d"},
    {"early_data", Looks::once, "\"once\", or leave the parameter out"},
    {"key", Looks::other, files},
    {"tls", Looks::flag, flags},
    {"tls_ca", Looks::other, files},
    {"tls_name", Looks::other, "a name or an IP address"},
    {"tls_verify", Looks::flag, flags},
    {"tls_cert", Looks::other, files},
    {"tls_cert_key", Looks::other, files},
}};

std::string write(std::string_view parameter, std::string_view value) {
    return "write \"" + std::string(parameter) + "=" + std::string(value) +
           "\"";
}

/* Empty if unknown. */
std::string meant_by(const Kind& kind, std::string_view value) {
    switch (kind.looks) {
    case Looks::address:
        return meant::address(value);
    case Looks::type:
        return meant::type(value);
    case Looks::flag:
        return meant::flag(value);
    case Looks::time:
        return meant::time(value);
    case Looks::rotate: {
        std::string text = meant::time(value);
        auto time = read_time(text);
        return time && *time >= tickets::min_rotate ? text : std::string();
    }
    case Looks::port:
    case Looks::number:
        return meant::number(value);
    case Looks::count:
        return meant::count(value);
    case Looks::tickets:
        return meant::one_of({"off", "keep", "shared"}, value);
    case Looks::once:
        return meant::one_of({"once"}, value);
    case Looks::credentials:
    case Looks::other:
        break;
    }
    return {};
}

/* Text with a colon and no digit before it may be a user and a password. */
bool looks_like_address(std::string_view argument) {
    bool is_numeric = argument.find_first_of("0123456789[/:") == 0 ||
                      argument.starts_with("unix:");
    bool is_name = argument.find('.') != argument.npos &&
                   argument.find(':') == argument.npos;
    return (is_numeric || is_name) && argument.find('=') == argument.npos &&
           !may_have_password(argument);
}

/* For an argument that is only a value: what to write. */
std::string whose_value(std::string_view argument) {
    struct Value {
        std::string_view text;
        std::string_view written;
    };
    constexpr std::array<Value, 13> values{{{"yes", "on"},
                                            {"true", "on"},
                                            {"no", "off"},
                                            {"false", "off"},
                                            {"redis", "type=redis"},
                                            {"valkey", "type=redis"},
                                            {"memcached", "type=memcached"},
                                            {"memcache", "type=memcached"},
                                            {"shared", "tickets=shared"},
                                            {"keep", "tickets=keep"},
                                            {"once", "early_data=once"},
                                            {"on", "on"},
                                            {"off", "off"}}};
    std::string low = meant::lower(argument);
    const auto* value =
        std::find_if(values.begin(), values.end(),
                     [&](const Value& v) { return v.text == low; });
    if (value != values.end()) {
        return std::string(value->written);
    }

    ServerParameters server;
    if (!looks_like_address(argument)) {
        return {};
    }
    if (read_server(argument, server)) {
        return "addr=" + std::string(argument);
    }
    std::string address = meant::address(argument);
    return address.empty() ? address : "addr=" + address;
}

/* Names that others use for a parameter. */
std::string_view known_as(std::string_view name) {
    struct Alias {
        std::string_view theirs;
        std::string_view ours;
    };
    constexpr std::array<Alias, 31> aliases{{
        {"address", "addr"},
        {"adress", "addr"},
        {"host", "addr"},
        {"hostname", "addr"},
        {"server", "addr"},
        {"servers", "addr"},
        {"url", "addr"},
        {"socket", "addr"},
        {"unix", "addr"},
        {"path", "addr"},
        {"password", "auth"},
        {"passwd", "auth"},
        {"pass", "auth"},
        {"user", "auth"},
        {"username", "auth"},
        {"database", "db"},
        {"ssl", "tls"},
        {"ca", "tls_ca"},
        {"cafile", "tls_ca"},
        {"sni", "tls_name"},
        {"ssl_verify", "tls_verify"},
        {"tls_key", "tls_cert_key"},
        {"namespace", "prefix"},
        {"master", "sentinel"},
        {"keys", "key"},
        {"retry", "interval"},
        {"reconnect", "interval"},
        {"queue", "count"},
        {"store", "type"},
        {"backend", "type"},
        {"rotation", "rotate"},
    }};
    const auto* alias =
        std::find_if(aliases.begin(), aliases.end(),
                     [&](const Alias& a) { return a.theirs == name; });
    return alias != aliases.end() ? alias->ours : std::string_view();
}

std::string list_of(std::span<const std::string_view> names) {
    std::string list = "there are \"on\", \"off\"";
    for (std::string_view name : names) {
        list.append(", ").append(name);
    }
    return list;
}

bool begins_name(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           c == '{';
}

}  // namespace

std::string hint_for_value(std::string_view parameter, std::string_view value) {
    const auto* kind =
        std::find_if(kinds.begin(), kinds.end(),
                     [&](const Kind& k) { return k.parameter == parameter; });

    if (value.empty()) {
        return hint_for_missing_value(parameter);
    }
    if (parameter == "addr" && may_have_password(value)) {
        return "write \"addr=host:port\", and the password in \"auth\"";
    }
    if (has_variable(value) && kind->looks != Looks::credentials) {
        return "variables have no values here";
    }

    std::string text = meant_by(*kind, value);
    return text.empty() ? "it takes " + std::string(kind->takes)
                        : write(parameter, text);
}

std::string hint_for_missing_value(std::string_view parameter) {
    return write(parameter, "value") + ", without spaces around \"=\"";
}

std::string hint_for_name(std::string_view argument,
                          std::span<const std::string_view> names) {
    std::string name =
        meant::lower(argument.substr(0, argument.find_first_of(":=")));

    if (name.empty() && argument.starts_with('=')) {
        return "write \"name=value\", without spaces around \"=\"";
    }
    if (std::find(names.begin(), names.end(), name) != names.end() &&
        argument.substr(name.size()).starts_with(':')) {
        return hint_for_missing_value(name);
    }
    if (name == "weight") {
        return "write \"addr=address,weight=number\"";
    }
    if (name == "ttl" || name == "expire" || name == "expires" ||
        name == "lifetime") {
        return "sessions live for \"ssl_session_timeout\"";
    }

    std::string value = whose_value(argument);
    if (!value.empty()) {
        return "write \"" + value + "\"";
    }
    if (argument.find("://") != argument.npos) {
        return "write \"addr=host:port\", and a password in \"auth\"";
    }

    std::string_view ours = known_as(name);
    if (ours.empty()) {
        ours = meant::closest(name, names);
    }
    return ours.empty() ? list_of(names)
                        : "did you mean \"" + std::string(ours) + "\"?";
}

bool may_have_password(std::string_view address) noexcept {
    return address.find('@') != address.npos;
}

bool has_variable(std::string_view text) noexcept {
    for (std::size_t at = text.find('$'); at != text.npos;
         at = text.find('$', at + 1)) {
        if (at + 1 < text.size() && begins_name(text[at + 1])) {
            return true;
        }
    }
    return false;
}

bool is_variable(std::string_view text) noexcept {
    std::string_view name = text.substr(std::min<std::size_t>(1, text.size()));
    if (name.starts_with('{') && name.ends_with('}')) {
        name = name.substr(1, name.size() - 2);
    }
    return has_variable(text.substr(0, 2)) &&
           std::all_of(name.begin(), name.end(), [](char c) {
               return begins_name(c) ? c != '{' : c >= '0' && c <= '9';
           });
}

}  // namespace session_cache
