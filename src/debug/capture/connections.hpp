/*
 * Reassembles TCP connections from their segments: finds a reader for each one,
 * notices bytes that the capture lacks, and bounds the memory of all of them.
 */

#pragma once

#include "debug/capture/packets.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string_view>
#include <utility>

namespace debug {

enum class Side { client, server };

constexpr Side other(Side side) noexcept {
    return side == Side::client ? Side::server : Side::client;
}

/* A connection, as its reader sees it. */
struct Flow {
    std::uint64_t id = 0;
    Endpoint client;
    Endpoint server;
    bool from_start = false; /* its SYN was seen */
};

/* Reads the data of one connection. */
class Reader {
  public:
    virtual ~Reader() = default;

    virtual void data(Side from, Time time, std::string_view bytes) = 0;

    /* Bytes are missing before the next data(). */
    virtual void gap(Side from, Time time) = 0;

    /* No more data comes from this side, or, after a RST, from either side. */
    virtual void closed(Side by, Time time, bool reset) = 0;

    /* The connection is forgotten, though it may continue. */
    virtual void forgotten(Time time) = 0;

    /* Whether the reader needs no more data. */
    virtual bool over() const = 0;

    /* Whether something is under way whose end matters. */
    virtual bool matters() const = 0;

    /* Its approximate memory in bytes, in constant time. */
    virtual std::size_t held() const = 0;
};

class Connections {
  public:
    /* Makes the reader of a new connection; null if it is not to be read. */
    using Factory = std::function<std::unique_ptr<Reader>(const Flow&)>;

    /* Whether an endpoint is known to be a server's, without a SYN. It may
     * become known during a connection. */
    using IsServer = std::function<bool(const Endpoint&)>;

    struct Bounds {
        std::size_t connections = 16384;
        /* The memory of all connections and their readers, in bytes. */
        std::size_t held = 24 * 1024 * 1024;
        /* Data in one direction that waits for missing bytes. */
        std::size_t waiting = 256 * 1024;
        std::size_t all_waiting = 8 * 1024 * 1024;
    };

    struct Counts {
        std::uint64_t connections = 0;
        std::uint64_t gaps = 0;      /* places where the capture lacks bytes */
        std::uint64_t forgotten = 0; /* early, to keep a bound */
    };

    Connections(Factory factory, IsServer is_server, Bounds bounds);
    Connections(Factory factory, IsServer is_server);
    ~Connections();
    Connections(const Connections&) = delete;
    Connections& operator=(const Connections&) = delete;

    void add(const Segment& segment);

    /* Gives up missing bytes that will not come any more. `now` is the
     * capture's time, which does not step back. */
    void advance(Time now);

    /* Ends the capture. */
    void finish(Time now);

    const Counts& counts() const noexcept { return counts_; }

    /* The approximate memory of all of them, in bytes. */
    std::size_t held() const noexcept { return held_; }

  private:
    struct Connection;
    using Key = std::pair<Endpoint, Endpoint>; /* the lower one first */
    using List = std::list<Connection*>;

    /* Lower ranks are forgotten first and, within a rank, the longest idle. */
    enum Rank : std::size_t { over, silent, matters };

    Connection* find(const Segment& segment);
    bool is_wanted(const Segment& segment) const;
    Connection& open(const Segment& segment, const Key& key);
    static Side sender(const Connection& connection, const Segment& segment);
    Flow flow_of(const Segment& segment);
    void take(Connection& connection, Side from, const Segment& segment);
    void deliver(Connection& connection, Side from, Time now,
                 std::string_view bytes);
    void skip(Connection& connection, Side from, Time now, std::uint32_t to);
    void watch(Connection& connection, Side from);
    void unwatch(Connection& connection, Side from);
    void end_of(Connection& connection, Side by, Time now);
    void release(Connection& connection);
    void settle(Connection& connection);
    void weigh(Connection& connection);
    void remove(Connection& connection);
    void forget_one(Time now);

    Factory factory_;
    IsServer is_server_;
    Bounds bounds_;
    Counts counts_;
    std::map<Key, Connection> connections_;
    std::array<List, 3> by_use_; /* by rank; the least recently used first */
    /* Directions that lack bytes, by the time since when, and by flow. */
    std::map<std::pair<Time, std::uint64_t>, std::pair<Connection*, Side>>
        lacking_;
    std::size_t held_ = 0;
    std::size_t waiting_ = 0; /* part of held_: waits for missing bytes */
    std::uint64_t next_id_ = 0;
    Time now_{};
};

}  // namespace debug
