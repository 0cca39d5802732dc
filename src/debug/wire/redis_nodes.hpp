/*
 * Where other Redis servers are, as one tells it: in a redirect, and in the
 * answer to CLUSTER SLOTS.
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

/* Redis servers that a capture tells of, beside those that are given. */
class RedisNodes {
  public:
    /* What is beyond that is not learned. A cluster has 1000 at most. */
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
 * The address of a server that another one, at `teller`, names. A host that is
 * empty or "?" is the teller's. None: the host is a name, or the port is none.
 */
std::optional<Endpoint> named_by(const Endpoint& teller, std::string_view host,
                                 std::string_view port);

/* What "MOVED 3999 10.0.0.2:6379" and "ASK ..." have. */
struct Redirect {
    std::string_view code;
    std::string_view host; /* IPv6 without brackets; may be empty */
    std::string_view port;
};

/* Of an error, whose views the result has; none: it is another error, or its
 * host has what no host has. */
std::optional<Redirect> read_redirect(std::string_view error);

/* "10.0.0.2:6379", "n2.example.com:6379", "[::1]:6379". */
std::string text(const Redirect& redirect, const Endpoint& teller);

/*
 * Reads the answer to CLUSTER SLOTS, an element of its arrays at a time:
 *
 *     [[first, last, [host, port, id, [name, value, ...]], ...], ...]
 *
 * The names and values came with Redis 7. If the host is a name, "ip" may be
 * among them.
 */
class SlotsReader {
  public:
    SlotsReader(RedisNodes& nodes, const Endpoint& teller)
        : nodes_(nodes), teller_(teller) {}

    /* `depth`: in how many arrays it is. */
    void element(std::size_t depth, char type, std::string_view text);

  private:
    void learn(std::string_view host);

    RedisNodes& nodes_;
    Endpoint teller_;
    std::string last_{}; /* string, in the array that is read */
    std::string port_{}; /* of the node that is read */
};

}  // namespace debug
