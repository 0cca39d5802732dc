/*
 * The addresses of other Redis servers that a server announces: in a redirect,
 * and in the reply to CLUSTER SLOTS.
 */

#pragma once

#include "debug/capture/endpoint.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace debug {

/* The Redis servers that a capture reveals, in addition to the configured
 * ones. */
class RedisNodes {
  public:
    /* More are not learned. A cluster has 1000 at most. */
    static constexpr std::size_t max = 4096;

    void add(const Endpoint& node) {
        if (all_.size() < max) {
            all_.insert(node);
        }
    }
    bool has(const Endpoint& node) const { return all_.contains(node); }

  private:
    std::set<Endpoint> all_;
};

/*
 * The address of a server that another one, at `teller`, names. An empty host,
 * or "?", means the teller's. None if the host is a name, or the port is
 * invalid.
 */
std::optional<Endpoint> named_by(const Endpoint& teller, std::string_view host,
                                 std::string_view port);

/* The content of "MOVED 3999 10.0.0.2:6379" and of "ASK ...". */
struct Redirect {
    std::string_view code;
    std::string_view host; /* IPv6 without brackets; may be empty */
    std::string_view port;
};

/* Parses an error, to which the result's views point. None if it is another
 * error, or its host is invalid. */
std::optional<Redirect> read_redirect(std::string_view error);

/* "10.0.0.2:6379", "n2.example.com:6379", "[::1]:6379". */
std::string text(const Redirect& redirect, const Endpoint& teller);

/*
 * Reads the reply to CLUSTER SLOTS, one element of its arrays at a time:
 *
 *     [[first, last, [host, port, id, [name, value, ...]], ...], ...]
 *
 * Redis 7 added the names and values. If the host is a name, "ip" may be among
 * them.
 */
class SlotsReader {
  public:
    SlotsReader(RedisNodes& nodes, const Endpoint& teller)
        : nodes_(nodes), teller_(teller) {}

    /* `depth` is the number of arrays around the element. */
    void element(std::size_t depth, char type, std::string_view text);

  private:
    void learn(std::string_view host);

    RedisNodes& nodes_;
    Endpoint teller_;
    std::string last_{}; /* the last string in the current array */
    std::string port_{}; /* of the current node */
};

}  // namespace debug
