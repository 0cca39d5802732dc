#include "backends/redis/slots.hpp"

#include "numbers/number.hpp"

#include <algorithm>
#include <limits>

namespace backends::redis {

namespace {

constexpr std::array<std::uint16_t, 256> crc_table = [] {
    constexpr std::uint32_t polynomial = 0x1021;
    std::array<std::uint16_t, 256> table{};

    for (std::uint32_t i = 0; i < table.size(); ++i) {
        std::uint32_t crc = i << 8;
        for (int bit = 0; bit < 8; ++bit) {
            crc = (crc << 1) ^ ((crc & 0x8000) != 0 ? polynomial : 0);
        }
        table[i] = static_cast<std::uint16_t>(crc);
    }
    return table;
}();

std::uint16_t crc16(std::string_view bytes) noexcept {
    std::uint16_t crc = 0;

    for (unsigned char byte : bytes) {
        crc = static_cast<std::uint16_t>((crc << 8) ^
                                         crc_table[((crc >> 8) ^ byte) & 0xff]);
    }
    return crc;
}

/* Reads a host. False if it is not valid. An empty text and "?" come from a
 * server that does not know its own address. */
bool read_host(std::string_view text, std::string& host) {
    host = text == "?" ? "" : text;
    return is_host(host);
}

std::optional<std::uint16_t> number(const redisReply& reply, long long max) {
    if (reply.type != REDIS_REPLY_INTEGER || reply.integer < 0 ||
        reply.integer > max) {
        return std::nullopt;
    }
    return static_cast<std::uint16_t>(reply.integer);
}

bool is_text(const redisReply& reply) {
    return reply.type == REDIS_REPLY_STRING || reply.type == REDIS_REPLY_STATUS;
}

bool is_array(const redisReply& reply, std::size_t at_least) {
    return reply.type == REDIS_REPLY_ARRAY && reply.elements >= at_least;
}

/* Empty if it is not there, or not valid. */
std::string host_in(const redisReply& metadata, std::string_view name) {
    std::string_view host = value_of(metadata, name);
    return std::string(is_host(host) ? host : "");
}

/* [host or nil, port, ID (Redis 4), metadata (Redis 7)] */
std::optional<Endpoint> read_endpoint(const redisReply& reply) {
    constexpr std::size_t metadata = 3;
    Endpoint endpoint;

    if (!is_array(reply, 2)) {
        return std::nullopt;
    }

    const redisReply& host = *reply.element[0];
    auto port =
        number(*reply.element[1], std::numeric_limits<std::uint16_t>::max());
    bool is_nil = host.type == REDIS_REPLY_NIL;

    if (!port || (!is_nil && !is_text(host)) ||
        (!is_nil && !read_host(text(host), endpoint.host))) {
        return std::nullopt;
    }

    endpoint.port = *port;
    if (reply.elements > metadata) {
        endpoint.ip = host_in(*reply.element[metadata], "ip");
        endpoint.name = host_in(*reply.element[metadata], "hostname");
    }
    return endpoint;
}

/* Adds a master, unless it is known. Returns its index, or nothing if there are
 * too many. */
std::optional<std::uint16_t> index_of(Topology& topology, Endpoint&& master) {
    auto known =
        std::find(topology.masters.begin(), topology.masters.end(), master);
    auto index = static_cast<std::uint16_t>(known - topology.masters.begin());

    if (known == topology.masters.end()) {
        if (index == Topology::max_masters) {
            return std::nullopt;
        }
        topology.masters.push_back(std::move(master));
    }
    return index;
}

/* [first, last, master, replica...]. False if it is something else. */
bool read_range(const redisReply& reply, Topology& topology) {
    constexpr long long last_slot = n_slots - 1;

    if (!is_array(reply, 3)) {
        return false;
    }

    auto first = number(*reply.element[0], last_slot);
    auto last = number(*reply.element[1], last_slot);
    auto master = read_endpoint(*reply.element[2]);
    if (!first || !last || *first > *last || !master) {
        return false;
    }

    if (master->port == 0) {
        return true;
    }

    auto index = index_of(topology, std::move(*master));
    if (index) {
        topology.ranges.push_back({*first, *last, *index});
    }
    return index.has_value();
}

/* Takes the text before the next space. */
std::string_view next_word(std::string_view& rest) {
    std::string_view word = rest.substr(0, rest.find(' '));
    rest.remove_prefix(std::min(word.size() + 1, rest.size()));
    return word;
}

}  // namespace

std::uint16_t slot_of(std::string_view key) noexcept {
    std::size_t open = key.find('{');

    if (open != std::string_view::npos) {
        std::size_t close = key.find('}', open + 1);
        if (close != std::string_view::npos && close != open + 1) {
            key = key.substr(open + 1, close - open - 1);
        }
    }
    return crc16(key) % n_slots;
}

std::optional<Topology> parse_topology(const redisReply& reply) {
    Topology topology;

    if (!is_array(reply, 1) || reply.elements > n_slots) {
        return std::nullopt;
    }

    for (std::size_t i = 0; i < reply.elements; ++i) {
        if (!read_range(*reply.element[i], topology)) {
            return std::nullopt;
        }
    }
    if (topology.ranges.empty()) {
        return std::nullopt;
    }
    return topology;
}

/* An IPv6 host has colons of its own, and no brackets. */
std::optional<Redirect> parse_redirect(std::string_view error) {
    Redirect redirect;
    std::string_view what = next_word(error);
    auto slot = numbers::read<std::uint16_t>(next_word(error));
    std::string_view where = next_word(error);
    std::size_t colon = where.rfind(':');

    redirect.ask = what == "ASK";
    if ((!redirect.ask && what != "MOVED") || !slot || *slot >= n_slots ||
        colon == std::string_view::npos || !error.empty()) {
        return std::nullopt;
    }

    auto port = numbers::read<std::uint16_t>(where.substr(colon + 1));
    std::string_view host = where.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) { /* from some proxies */
        host = host.substr(1, host.size() - 2);
    }
    if (!port || *port == 0 || !read_host(host, redirect.to.host)) {
        return std::nullopt;
    }

    redirect.slot = *slot;
    redirect.to.port = *port;
    return redirect;
}

}  // namespace backends::redis
