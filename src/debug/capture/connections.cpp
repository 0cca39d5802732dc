#include "debug/capture/connections.hpp"
#include "debug/capture/reassembly.hpp"

#include <algorithm>
#include <optional>

namespace debug {

namespace {

/*
 * How long bytes may be missing that the receiver has acknowledged. Captures of
 * several queues are not strictly in order.
 */
constexpr Microseconds patience{50'000};

/* How far sequence number `a` is after `b`. Numbers wrap around. */
std::int32_t distance(std::uint32_t a, std::uint32_t b) noexcept {
    return static_cast<std::int32_t>(a - b);
}

/* The memory of a connection in addition to its parts: nodes in two maps and a
 * list. */
constexpr std::size_t node_cost = 192;

struct Direction {
    Reassembly bytes;
    std::optional<std::uint32_t> end;          /* where the FIN is */
    std::optional<std::uint32_t> acknowledged; /* by the other side */
    std::optional<Time> lacks_since; /* since when bytes are missing */
    bool closed = false;

    /* Whether the receiver has bytes that the capture still lacks. */
    bool lacks() const {
        return bytes.begun() && acknowledged &&
               distance(*acknowledged, bytes.next()) > 0 &&
               !(end && bytes.next() == *end);
    }

    /* The first byte that waits, or that the receiver has. */
    std::uint32_t next_known() const {
        std::uint32_t next =
            bytes.first_waiting().value_or(acknowledged.value_or(bytes.next()));
        return end && distance(next, *end) > 0 ? *end : next;
    }
};

}  // namespace

struct Connections::Connection {
    Flow flow;
    Key key;
    std::unique_ptr<Reader> reader;
    bool declined = false;   /* it has no reader */
    bool closed = false;     /* by both, or reset */
    std::uint32_t first = 0; /* sequence of the client's SYN */
    Direction ways[2];
    Rank rank = Rank::silent;
    List::iterator use;
    std::size_t cost = 0;

    Direction& way(Side from) { return ways[static_cast<int>(from)]; }

    /* Unique among all directions. */
    std::uint64_t number_of(Side from) const {
        return 2 * flow.id + (from == Side::client ? 0 : 1);
    }

    std::size_t held() const {
        return sizeof(Connection) + node_cost + ways[0].bytes.held() +
               ways[1].bytes.held() + (reader != nullptr ? reader->held() : 0);
    }
};

Connections::Connections(Factory factory, IsServer is_server, Bounds bounds)
    : factory_(std::move(factory)), is_server_(std::move(is_server)),
      bounds_(bounds) {}

Connections::Connections(Factory factory, IsServer is_server)
    : Connections(std::move(factory), std::move(is_server), Bounds()) {}

Connections::~Connections() = default;

void Connections::add(const Segment& segment) {
    Connection* connection = find(segment);
    if (connection == nullptr) {
        return;
    }
    if (connection->reader != nullptr) {
        Side from = sender(*connection, segment);
        if (segment.rst) {
            connection->reader->closed(from, segment.time, true);
            connection->closed = true;
        } else {
            take(*connection, from, segment);
        }
    }
    settle(*connection);
    while (held_ > bounds_.held) {
        forget_one(segment.time);
    }
}

/* The connection of a segment. Null if the segment is of no use. */
Connections::Connection* Connections::find(const Segment& segment) {
    Key key = std::minmax(segment.from, segment.to);
    auto found = connections_.find(key);
    bool empty = segment.payload.empty() && segment.missing == 0;

    if (found != connections_.end()) {
        Connection& known = found->second;
        bool opens = segment.syn && !segment.ack;
        auto size = static_cast<std::uint32_t>(segment.payload.size());
        const Reassembly& bytes = known.way(sender(known, segment)).bytes;
        bool repeats =
            empty || (bytes.begun() &&
                      distance(segment.sequence + size, bytes.next()) <= 0);
        if (known.declined && is_wanted(segment)) {
            remove(known);
            return &open(segment, key);
        }
        if (opens ? known.flow.from_start && known.first == segment.sequence
                  : !known.closed || repeats) {
            return &known;
        }
        /* The ports are reused. */
        if (known.reader != nullptr) {
            known.reader->closed(Side::client, segment.time, true);
        }
        remove(known);
    } else if (empty && !segment.syn) {
        return nullptr; /* probably the last one of a connection */
    }
    return &open(segment, key);
}

/* Whether one end is known to be a server's by now. */
bool Connections::is_wanted(const Segment& segment) const {
    return is_server_(segment.from) || is_server_(segment.to);
}

Connections::Connection& Connections::open(const Segment& segment,
                                           const Key& key) {
    if (connections_.size() >= bounds_.connections) {
        forget_one(segment.time);
    }
    Connection& connection = connections_[key];
    connection.key = key;
    connection.flow = flow_of(segment);
    connection.first = segment.sequence;
    List& list = by_use_[connection.rank];
    connection.use = list.insert(list.end(), &connection);
    connection.reader = factory_(connection.flow);
    connection.declined = connection.reader == nullptr;
    counts_.connections += connection.declined ? 0 : 1;
    return connection;
}

Flow Connections::flow_of(const Segment& segment) {
    bool from_client = segment.to.port < segment.from.port;
    if (segment.syn) {
        from_client = !segment.ack;
    } else if (is_server_(segment.from) != is_server_(segment.to)) {
        from_client = is_server_(segment.to);
    }

    Flow flow;
    flow.id = ++next_id_;
    flow.client = from_client ? segment.from : segment.to;
    flow.server = from_client ? segment.to : segment.from;
    flow.from_start = segment.syn;
    return flow;
}

Side Connections::sender(const Connection& connection, const Segment& segment) {
    return segment.from == connection.flow.client ? Side::client : Side::server;
}

void Connections::take(Connection& connection, Side from,
                       const Segment& segment) {
    Direction& way = connection.way(from);
    std::uint32_t sequence = segment.sequence + (segment.syn ? 1 : 0);

    auto size = static_cast<std::uint32_t>(segment.payload.size());
    auto whole = size + static_cast<std::uint32_t>(segment.missing);
    if (!way.bytes.begun() && (segment.syn || whole != 0)) {
        way.bytes.begin(sequence);
    }
    if (segment.fin) {
        way.end = sequence + whole;
    }

    auto deliver_all = [&](std::string_view bytes) {
        deliver(connection, from, segment.time, bytes);
    };
    waiting_ -= way.bytes.held();
    way.bytes.add(sequence, segment.payload, deliver_all);
    if (segment.missing != 0 && way.bytes.next() == sequence + size) {
        connection.reader->gap(from, segment.time);
        ++counts_.gaps;
        way.bytes.skip_to(sequence + whole, deliver_all);
    }
    waiting_ += way.bytes.held();

    if (segment.ack) {
        connection.way(other(from)).acknowledged = segment.acknowledged;
    }
    /* The direction that exhausts the memory loses data first. */
    while (way.bytes.held() > bounds_.waiting ||
           (way.bytes.held() != 0 && waiting_ > bounds_.all_waiting)) {
        skip(connection, from, segment.time, *way.bytes.first_waiting());
    }
    for (Side side : {Side::client, Side::server}) {
        watch(connection, side);
        end_of(connection, side, segment.time);
    }
}

void Connections::deliver(Connection& connection, Side from, Time now,
                          std::string_view bytes) {
    if (!connection.reader->over()) {
        connection.reader->data(from, now, bytes);
    }
}

/* Continues after the missing bytes. */
void Connections::skip(Connection& connection, Side from, Time now,
                       std::uint32_t to) {
    Reassembly& bytes = connection.way(from).bytes;

    ++counts_.gaps;
    connection.reader->gap(from, now);
    waiting_ -= bytes.held();
    bytes.skip_to(to, [&](std::string_view part) {
        deliver(connection, from, now, part);
    });
    waiting_ += bytes.held();
}

/* Notes since when a direction lacks bytes. */
void Connections::watch(Connection& connection, Side from) {
    Direction& way = connection.way(from);

    if (!way.lacks()) {
        unwatch(connection, from);
    } else if (!way.lacks_since) {
        way.lacks_since = now_;
        lacking_.emplace(std::pair(now_, connection.number_of(from)),
                         std::pair(&connection, from));
    }
}

void Connections::unwatch(Connection& connection, Side from) {
    Direction& way = connection.way(from);

    if (way.lacks_since) {
        lacking_.erase({*way.lacks_since, connection.number_of(from)});
        way.lacks_since.reset();
    }
}

void Connections::end_of(Connection& connection, Side by, Time now) {
    Direction& way = connection.way(by);

    if (way.end && !way.closed &&
        (!way.bytes.begun() || distance(way.bytes.next(), *way.end) >= 0)) {
        way.closed = true;
        if (!connection.reader->over()) {
            connection.reader->closed(by, now, false);
        }
    }
}

void Connections::advance(Time now) {
    now_ = now;
    while (!lacking_.empty() &&
           now - lacking_.begin()->first.first > patience) {
        auto [connection, from] = lacking_.begin()->second;
        unwatch(*connection, from);
        skip(*connection, from, now, connection->way(from).next_known());
        watch(*connection, from);
        end_of(*connection, from, now);
        settle(*connection);
    }
}

void Connections::finish(Time now) {
    for (auto& [key, connection] : connections_) {
        if (connection.reader != nullptr) {
            connection.reader->forgotten(now);
        }
    }
    lacking_.clear();
    connections_.clear();
    by_use_ = {};
    held_ = waiting_ = 0;
}

/* The rest of the connection is recognised, but not read. */
void Connections::release(Connection& connection) {
    for (Side side : {Side::client, Side::server}) {
        unwatch(connection, side);
        waiting_ -= connection.way(side).bytes.held();
        connection.way(side).bytes.clear();
    }
    connection.reader.reset();
}

/* Runs after each step. */
void Connections::settle(Connection& connection) {
    connection.closed |= connection.ways[0].closed && connection.ways[1].closed;
    if (connection.reader != nullptr &&
        (connection.closed || connection.reader->over())) {
        release(connection);
    }

    Rank rank = connection.reader == nullptr   ? Rank::over
                : connection.reader->matters() ? Rank::matters
                                               : Rank::silent;
    by_use_[rank].splice(by_use_[rank].end(), by_use_[connection.rank],
                         connection.use);
    connection.rank = rank;
    weigh(connection);
}

void Connections::weigh(Connection& connection) {
    held_ -= connection.cost;
    connection.cost = connection.held();
    held_ += connection.cost;
}

void Connections::remove(Connection& connection) {
    release(connection);
    held_ -= connection.cost;
    by_use_[connection.rank].erase(connection.use);
    Key key = connection.key;
    connections_.erase(key);
}

void Connections::forget_one(Time now) {
    List& list = *std::find_if(by_use_.begin(), by_use_.end(),
                               [](const List& each) { return !each.empty(); });
    Connection& least = *list.front();
    if (least.reader != nullptr) {
        counts_.forgotten += least.reader->matters() ? 1 : 0;
        least.reader->forgotten(now);
    }
    remove(least);
}

}  // namespace debug
