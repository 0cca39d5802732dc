/*
 * TCP connections, put together again from their segments.
 *
 * libtins orders the bytes of one direction; here is what it has not: whom a
 * connection belongs to, bytes that the capture lacks, and bounds.
 */

#pragma once

#include "debug/capture/packets.hpp"

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
        /* Bytes that wait for others before them. */
        std::size_t buffered = 256 * 1024; /* of one direction */
        std::size_t all_buffered = 64 * 1024 * 1024;
    };

    struct Counts {
        std::uint64_t connections = 0;
        std::uint64_t gaps = 0;      /* bytes that the capture lacks */
        std::uint64_t forgotten = 0; /* for the bound, while of interest */
    };

    Connections(Factory factory, IsServer is_server, Bounds bounds);
    Connections(Factory factory, IsServer is_server);
    ~Connections();
    Connections(const Connections&) = delete;
    Connections& operator=(const Connections&) = delete;

    void add(const Segment& segment);

    /* Of the capture's time: gives up what will not come any more. */
    void advance(Time now);

    /* The capture's end. */
    void finish(Time now);

    const Counts& counts() const noexcept { return counts_; }

  private:
    struct Connection;
    using Key = std::pair<Endpoint, Endpoint>; /* the lower one first */

    Connection* find(const Segment& segment);
    bool is_wanted(const Segment& segment) const;
    Connection& open(const Segment& segment, const Key& key);
    static Side sender(const Connection& connection, const Segment& segment);
    Flow flow_of(const Segment& segment);
    void take(Connection& connection, Side from, const Segment& segment);
    void deliver(Connection& connection, Side from, Time now);
    void skip(Connection& connection, Side from, Time now);
    void skip_lost(Connection& connection, Side from, Time now);
    void end_of(Connection& connection, Side by, Time now);
    void remove(Connection& connection);
    void make_room(Time now);

    Factory factory_;
    IsServer is_server_;
    Bounds bounds_;
    Counts counts_;
    std::map<Key, Connection> connections_;
    std::list<Connection*> by_use_; /* the least recently used first */
    std::size_t buffered_ = 0;
    std::uint64_t next_id_ = 0;
    Time last_sweep_{};
};

}  // namespace debug
