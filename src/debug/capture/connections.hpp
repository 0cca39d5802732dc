/*
 * TCP connections, put together again from their segments: whom one belongs
 * to, bytes that the capture lacks, and what all of it may cost.
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

/* A connection as its readers know it. */
struct Flow {
    std::uint64_t id = 0;
    Endpoint client;
    Endpoint server;
    bool from_start = false; /* its SYN was seen */
};

/* Whoever reads what is said on one connection. */
class Reader {
  public:
    virtual ~Reader() = default;

    virtual void data(Side from, Time time, std::string_view bytes) = 0;

    /* Bytes are missing before the next data(). */
    virtual void gap(Side from, Time time) = 0;

    /* There is no more from this side; after a RST from neither. */
    virtual void closed(Side by, Time time, bool reset) = 0;

    /* The connection is forgotten, though it may go on. */
    virtual void forgotten(Time time) = 0;

    /* Whether nothing more is of interest. */
    virtual bool over() const = 0;

    /* Whether something has begun whose end is wanted. */
    virtual bool matters() const = 0;

    /* Its memory in bytes, about. Takes no longer for more of it. */
    virtual std::size_t held() const = 0;
};

class Connections {
  public:
    /* Who reads a new connection; null: nobody. */
    using Factory = std::function<std::unique_ptr<Reader>(const Flow&)>;

    /* Which end is the server's, if that is known without its SYN; it may
     * become known while a connection lasts. */
    using IsServer = std::function<bool(const Endpoint&)>;

    struct Bounds {
        std::size_t connections = 16384;
        /* All memory of theirs and of their readers, in bytes. */
        std::size_t held = 24 * 1024 * 1024;
        /* Of what waits in one direction for bytes before it. */
        std::size_t waiting = 256 * 1024;
        std::size_t all_waiting = 8 * 1024 * 1024;
    };

    struct Counts {
        std::uint64_t connections = 0;
        std::uint64_t gaps = 0;      /* bytes that the capture lacks */
        std::uint64_t forgotten = 0; /* for a bound, while of interest */
    };

    Connections(Factory factory, IsServer is_server, Bounds bounds);
    Connections(Factory factory, IsServer is_server);
    ~Connections();
    Connections(const Connections&) = delete;
    Connections& operator=(const Connections&) = delete;

    void add(const Segment& segment);

    /* Of the capture's time, which does not step back: gives up what will
     * not come any more. */
    void advance(Time now);

    /* The capture's end. */
    void finish(Time now);

    const Counts& counts() const noexcept { return counts_; }

    /* All their memory in bytes, about. */
    std::size_t held() const noexcept { return held_; }

  private:
    struct Connection;
    using Key = std::pair<Endpoint, Endpoint>; /* the lower one first */
    using List = std::list<Connection*>;

    /* What matters less is forgotten first, of that what was idle longest. */
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
    /* Directions that lack bytes, by when that was first seen, and flow. */
    std::map<std::pair<Time, std::uint64_t>, std::pair<Connection*, Side>>
        lacking_;
    std::size_t held_ = 0;
    std::size_t waiting_ = 0; /* of that, for bytes before */
    std::uint64_t next_id_ = 0;
    Time now_{};
};

}  // namespace debug
