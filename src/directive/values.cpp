#include "directive/values.hpp"

#include "numbers/number.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <limits>
#include <sys/un.h>

namespace session_cache {

namespace {

/* Times end where nginx's timers do, at 2^31 - 1 ms. */
constexpr std::uint64_t max_time = std::numeric_limits<std::int32_t>::max();

/* Names may be of any letters, for there are resolvers that take them; what
 * parts an address from something else is none. */
bool is_host(std::string_view host) {
    return !host.empty() && std::all_of(host.begin(), host.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
               (c >= 'A' && c <= 'Z') || c == '.' || c == '-' || c == '_' ||
               static_cast<unsigned char>(c) > 0x7f;
    });
}

bool is_ipv6(const std::string& text) {
    in6_addr address{};
    return inet_pton(AF_INET6, text.c_str(), &address) == 1;
}

/* The same without a weight. */
bool read_address(std::string_view value, ServerParameters& server) {
    constexpr std::string_view unix = "unix:";

    if (value.starts_with(unix)) {
        server.path = value.substr(unix.size());
        return server.path.starts_with('/') &&
               server.path.size() < sizeof(sockaddr_un{}.sun_path);
    }

    std::size_t end;
    if (value.starts_with('[')) {
        end = value.find(']');
        if (end == std::string_view::npos) {
            return false;
        }
        server.host = value.substr(1, end - 1);
        if (!is_ipv6(server.host)) {
            return false;
        }
        ++end;
    } else {
        end = std::min(value.find(':'), value.size());
        server.host = value.substr(0, end);
        if (!is_host(server.host)) {
            return false;
        }
    }

    std::string_view rest = value.substr(end);
    if (rest.empty()) {
        return true;
    }

    server.port =
        static_cast<std::uint16_t>(read_positive(rest.substr(1), 65535));
    return rest.starts_with(':') && server.port != 0;
}

}  // namespace

std::optional<std::uint64_t> read_number(std::string_view text,
                                         std::uint64_t max) {
    auto value = numbers::read<std::uint64_t>(text);
    return value > max ? std::nullopt : value;
}

std::uint64_t read_positive(std::string_view text, std::uint64_t max) {
    return read_number(text, max).value_or(0);
}

std::optional<std::chrono::milliseconds> read_time(std::string_view text) {
    struct Unit {
        std::string_view name;
        std::uint64_t milliseconds;
    };
    constexpr std::array<Unit, 6> units{{{"ms", 1},
                                         {"s", 1000},
                                         {"m", 60 * 1000},
                                         {"h", 3600 * 1000},
                                         {"d", 24 * 3600 * 1000},
                                         {"", 1}}};

    const Unit& unit =
        *std::find_if(units.begin(), units.end(),
                      [&](const Unit& u) { return text.ends_with(u.name); });

    text.remove_suffix(unit.name.size());
    auto value = read_number(text, max_time / unit.milliseconds);
    if (!value || *value == 0) {
        return std::nullopt;
    }
    return std::chrono::milliseconds(*value * unit.milliseconds);
}

bool is_word(std::string_view text) {
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return c > ' ' && c < 0x7f; });
}

bool read_flag(std::string_view text, bool& flag) {
    flag = text == "on";
    return flag || text == "off";
}

bool read_credentials(std::string_view text, std::string& user,
                      std::string& password) {
    std::size_t colon = text.find(':');

    if (colon != std::string_view::npos) {
        user = text.substr(0, colon);
        text.remove_prefix(colon + 1);
    }
    password = text;
    return !text.empty();
}

bool read_server(std::string_view text, ServerParameters& server) {
    constexpr std::string_view weight = ",weight=";

    std::size_t comma = text.find(weight);
    if (comma != std::string_view::npos) {
        server.weight = static_cast<unsigned>(
            read_positive(text.substr(comma + weight.size()), 1000));
        text = text.substr(0, comma);
    }
    return server.weight != 0 && read_address(text, server);
}

}  // namespace session_cache
