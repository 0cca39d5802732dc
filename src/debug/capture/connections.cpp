#include "debug/capture/connections.hpp"

#include <algorithm>
#include <optional>
#include <tins/tcp_ip/data_tracker.h>

namespace debug {

namespace {

/*
 * How long bytes may be missing that their receiver has acknowledged:
 * captures of several queues are not strictly in order.
 */
constexpr Microseconds patience{50'000};

constexpr Microseconds sweep_interval{100'000};

/* How far `a` is behind `b` in sequence, which wraps around. */
std::int32_t distance(std::uint32_t a, std::uint32_t b) noexcept {
    return static_cast<std::int32_t>(a - b);
}

struct Direction {
    bool begun = false;
    Tins::TCPIP::DataTracker bytes;
    std::optional<std::uint32_t> end;          /* where the FIN is */
    std::optional<std::uint32_t> acknowledged; /* by the other side */
    std::optional<Time> waits_since;           /* for bytes that are missing */
    bool closed = false;

    void begin(std::uint32_t sequence) {
        begun = true;
        bytes.sequence_number(sequence);
    }

    /* Whether the receiver has bytes that the capture lacks up to now. */
    bool lacks() const {
        return begun && acknowledged &&
               distance(*acknowledged, bytes.sequence_number()) > 0 &&
               !(end && bytes.sequence_number() == *end);
    }

    /* The first of what waits, or what the receiver has. */
    std::uint32_t next_known() const {
        std::uint32_t now = bytes.sequence_number();
        std::optional<std::uint32_t> next;
        for (const auto& [sequence, unused] : bytes.buffered_payload()) {
            if (!next || distance(sequence, *next) < 0) {
                next = sequence;
            }
        }
        if (!next) {
            next = acknowledged.value_or(now);
        }
        return end && distance(*next, *end) > 0 ? *end : *next;
    }
};

}  // namespace

struct Connections::Connection {
    Flow flow;
    Key key;
    std::unique_ptr<Reader> reader;
    bool declined = false;   /* nobody wanted to read it */
    std::uint32_t first = 0; /* sequence of the client's SYN */
    Direction ways[2];
    std::list<Connection*>::iterator use;

    Direction& way(Side from) { return ways[static_cast<int>(from)]; }

    std::size_t buffered() const {
        return ways[0].bytes.total_buffered_bytes() +
               ways[1].bytes.total_buffered_bytes();
    }
};

Connections::Connections(Factory factory, IsServer is_server, Bounds bounds)
    : factory_(std::move(factory)), is_server_(std::move(is_server)),
      bounds_(bounds) {}

Connections::Connections(Factory factory, IsServer is_server)
    : Connections(std::move(factory), std::move(is_server), Bounds()) {}

Connections::~Connections() = default;

void Connections::add(const Segment& segment) {
    if (segment.time - last_sweep_ >= sweep_interval) {
        advance(segment.time);
    }

    Connection* connection = find(segment);
    if (connection == nullptr || connection->reader == nullptr) {
        return;
    }

    Side from = sender(*connection, segment);
    if (segment.rst) {
        connection->reader->closed(from, segment.time, true);
        remove(*connection);
        return;
    }

    take(*connection, from, segment);
    if (connection->reader->over()) {
        /* The rest of it is met without being read. */
        buffered_ -= connection->buffered();
        connection->reader.reset();
        connection->ways[0] = connection->ways[1] = Direction();
    } else if (connection->ways[0].closed && connection->ways[1].closed) {
        remove(*connection);
    }
}

/* The segment's connection; none for one that has nothing to tell. */
Connections::Connection* Connections::find(const Segment& segment) {
    Key key = std::minmax(segment.from, segment.to);
    auto found = connections_.find(key);

    if (found != connections_.end()) {
        Connection& known = found->second;
        bool opens = segment.syn && !segment.ack;
        if (known.declined && is_wanted(segment)) {
            remove(known);
            return &open(segment, key);
        }
        if (!opens ||
            (known.flow.from_start && known.first == segment.sequence)) {
            by_use_.splice(by_use_.end(), by_use_, known.use);
            return &known;
        }
        /* The ports are used again. */
        if (known.reader != nullptr) {
            known.reader->closed(Side::client, segment.time, true);
        }
        remove(known);
    } else if (segment.rst && segment.payload.empty() && !segment.syn) {
        return nullptr;
    }
    return &open(segment, key);
}

/* Whether it is known by now that one end is a server's. */
bool Connections::is_wanted(const Segment& segment) const {
    return is_server_(segment.from) || is_server_(segment.to);
}

Connections::Connection& Connections::open(const Segment& segment,
                                           const Key& key) {
    make_room(segment.time);
    Connection& connection = connections_[key];
    connection.key = key;
    connection.flow = flow_of(segment);
    connection.first = segment.sequence;
    connection.use = by_use_.insert(by_use_.end(), &connection);
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
    if (!way.begun && (segment.syn || whole != 0)) {
        way.begin(sequence);
    }
    if (segment.fin) {
        way.end = sequence + whole;
    }

    if (size != 0) {
        std::size_t before = way.bytes.total_buffered_bytes();
        way.bytes.process_payload(
            sequence, {segment.payload.begin(), segment.payload.end()});
        buffered_ += way.bytes.total_buffered_bytes() - before;
        deliver(connection, from, segment.time);
    }
    if (segment.missing != 0 &&
        way.bytes.sequence_number() == sequence + size) {
        connection.reader->gap(from, segment.time);
        ++counts_.gaps;
        way.bytes.advance_sequence(sequence + whole);
    }

    if (segment.ack) {
        Direction& acknowledged = connection.way(other(from));
        acknowledged.acknowledged = segment.acknowledged;
    }
    if (way.bytes.total_buffered_bytes() > bounds_.buffered ||
        (buffered_ > bounds_.all_buffered &&
         way.bytes.total_buffered_bytes() != 0)) {
        skip(connection, from, segment.time);
    }
    skip_lost(connection, Side::client, segment.time);
    skip_lost(connection, Side::server, segment.time);
    end_of(connection, Side::client, segment.time);
    end_of(connection, Side::server, segment.time);
}

/* What has come together. */
void Connections::deliver(Connection& connection, Side from, Time now) {
    Direction& way = connection.way(from);
    auto& payload = way.bytes.payload();

    if (!payload.empty()) {
        way.waits_since.reset();
        if (!connection.reader->over()) {
            connection.reader->data(
                from, now,
                {reinterpret_cast<const char*>(payload.data()),
                 payload.size()});
        }
        payload.clear();
    }
}

/* Goes on behind what is missing. */
void Connections::skip(Connection& connection, Side from, Time now) {
    Direction& way = connection.way(from);
    std::size_t before = way.bytes.total_buffered_bytes();
    std::uint32_t next = way.next_known();

    ++counts_.gaps;
    connection.reader->gap(from, now);
    way.waits_since.reset();
    way.bytes.advance_sequence(next);
    way.bytes.process_payload(next, {});
    buffered_ += way.bytes.total_buffered_bytes() - before;
    deliver(connection, from, now);
}

void Connections::skip_lost(Connection& connection, Side from, Time now) {
    Direction& way = connection.way(from);

    if (!way.lacks()) {
        way.waits_since.reset();
    } else if (!way.waits_since) {
        way.waits_since = now;
    } else if (now - *way.waits_since > patience) {
        skip(connection, from, now);
    }
}

void Connections::end_of(Connection& connection, Side by, Time now) {
    Direction& way = connection.way(by);

    if (way.end && !way.closed &&
        (!way.begun || distance(way.bytes.sequence_number(), *way.end) >= 0)) {
        way.closed = true;
        if (!connection.reader->over()) {
            connection.reader->closed(by, now, false);
        }
    }
}

void Connections::advance(Time now) {
    last_sweep_ = now;
    for (Connection* connection : by_use_) {
        if (connection->reader != nullptr) {
            skip_lost(*connection, Side::client, now);
            skip_lost(*connection, Side::server, now);
        }
    }
}

void Connections::finish(Time now) {
    for (auto& [key, connection] : connections_) {
        if (connection.reader != nullptr) {
            connection.reader->forgotten(now);
        }
    }
    connections_.clear();
    by_use_.clear();
    buffered_ = 0;
}

void Connections::remove(Connection& connection) {
    buffered_ -= connection.buffered();
    by_use_.erase(connection.use);
    Key key = connection.key;
    connections_.erase(key);
}

void Connections::make_room(Time now) {
    if (connections_.size() < bounds_.connections) {
        return;
    }
    Connection& oldest = *by_use_.front();
    if (oldest.reader != nullptr) {
        ++counts_.forgotten;
        oldest.reader->forgotten(now);
    }
    remove(oldest);
}

}  // namespace debug
