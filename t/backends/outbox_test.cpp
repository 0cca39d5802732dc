// When commands are sent: with the turn, or together a little later.

#include "backends/outbox.hpp"
#include "support/test_store.hpp"

#include <cerrno>
#include <doctest/doctest.h>
#include <string>

using backends::Connection;
using backends::Outbox;
using namespace support;

namespace {

struct Connected {
    Coroutines c;
    Peer peer;
    Connection connection{c.scheduler};
    Outbox outbox{c.loop, connection};

    Connected() {
        connect();
        REQUIRE(c.finish());
        REQUIRE(peer.accept());
    }

    void connect() {
        c.start([this] {
            CHECK(connection.connect(store_address(peer), coro::never) == "");
        });
    }

    void queue(const std::string& command, bool urgent = false) {
        outbox.bytes() += command;
        outbox.queued(urgent);
    }

    // In how many of `turns` turns something arrived.
    int arrivals(int turns) {
        int times = 0;
        for (int turn = 0; turn < turns; ++turn) {
            const auto before = peer.received().size();
            c.loop.run_once();
            times += peer.received().size() != before;
        }
        return times;
    }

    // Writes until the socket is full.
    void fill() {
        while (!outbox.blocked()) {
            outbox.bytes() += std::string(100'000, 'x');
            outbox.flush();
        }
    }
};

}  // namespace

TEST_CASE("outbox: an urgent command leaves with the turn") {
    Connected x;
    std::string sent;
    for (int i = 0; i < 5; ++i) {
        x.queue("command ", true);
        CHECK(x.peer.received() == sent);
        sent += "command ";
        CHECK(x.arrivals(1) == 1);
        CHECK(x.peer.received() == sent);
        CHECK(x.outbox.bytes().empty());
        CHECK(x.arrivals(3) == 0);
    }
}

TEST_CASE("outbox: another one leaves after the turn, or the next") {
    Connected x;
    std::string sent;
    for (int i = 0; i < 5; ++i) {
        x.queue("command ");
        CHECK(x.peer.received() == sent);
        sent += "command ";
        CHECK(x.arrivals(2) == 1);
        CHECK(x.peer.received() == sent);
    }
}

TEST_CASE("outbox: an urgent command takes those along that are gathered") {
    Connected x;
    x.queue("a");
    x.queue("b");
    x.queue("c", true);
    CHECK(x.arrivals(1) == 1);
    CHECK(x.peer.received() == "abc");
    CHECK(x.arrivals(5) == 0);
}

TEST_CASE("outbox: on a busy worker commands leave together") {
    for (const bool urgent : {false, true}) {
        Connected x;
        std::string sent;
        for (int i = 0; i < 1000; ++i) {
            x.queue("command" + std::to_string(i) + " ", urgent);
            sent += "command" + std::to_string(i) + " ";
        }
        CHECK(x.peer.received().empty());
        CHECK(x.arrivals(10) == 1);
        CHECK(x.peer.received() == sent);
    }
}

TEST_CASE("outbox: what the connection does not take leaves when it does") {
    Connected x;
    x.fill();
    const auto left = x.outbox.bytes().size();
    x.queue("last");
    CHECK(x.outbox.bytes().size() == left + 4);
    x.c.loop.run_turns(5);
    CHECK(x.outbox.blocked());

    bool all = false;
    x.c.start([&] {
        while (x.outbox.blocked()) {
            x.connection.wait(true, coro::never);
            x.outbox.flush();
        }
        all = true;
    });
    CHECK(x.c.loop.run_until([&] {
        x.peer.received();
        return all;
    }));
    CHECK(x.outbox.bytes().empty());
    CHECK(x.outbox.error() == 0);
    CHECK(x.peer.received().ends_with("xlast"));
}

TEST_CASE("outbox: who waits on the connection is woken when it blocks") {
    Connected x;
    bool woken = false;
    x.c.start([&] {
        x.connection.wait(false, coro::never);
        woken = true;
    });
    x.fill();
    CHECK(x.c.finish());
    CHECK(woken);
}

TEST_CASE("outbox: a lost connection is an error, until it is cleared") {
    Connected x;
    x.peer.hang_up();
    x.queue("lost", true);
    x.c.loop.run_once();
    CHECK(x.outbox.error() == EPIPE);
    CHECK(x.outbox.blocked());  // so that the coroutine notices

    x.outbox.clear();
    CHECK(x.outbox.error() == 0);
    CHECK_FALSE(x.outbox.blocked());
    CHECK(x.outbox.bytes().empty());
}

TEST_CASE(
    "outbox: what was gathered for a connection is not sent on the next") {
    Connected x;
    for (int i = 0; i < 10; ++i) {
        x.queue("old");
    }
    x.outbox.clear();
    x.connection.close();
    x.connect();
    REQUIRE(x.c.finish());
    REQUIRE(x.peer.accept());

    x.queue("new", true);
    x.c.loop.run_turns(5);
    CHECK(x.peer.received() == "new");
}

TEST_CASE("outbox: nothing leaves without a connection, and nothing fails") {
    Coroutines c;
    Connection connection(c.scheduler);
    Outbox outbox(c.loop, connection);
    for (int i = 0; i < 10; ++i) {
        outbox.bytes() += "command";
        outbox.queued(i % 2 == 0);
    }
    c.loop.run_turns(5);
    CHECK(outbox.error() == 0);
    CHECK_FALSE(outbox.blocked());
}
