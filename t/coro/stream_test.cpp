// Streams: reading, writing and waiting on a connection.

#include "coro/stream.hpp"
#include "support/coroutines.hpp"
#include "support/peer.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <doctest/doctest.h>
#include <random>
#include <string>
#include <vector>

using coro::Stream;
using coro::Time;
using coro::Wake;
using namespace support;

namespace {

constexpr Time minute{60'000};

// A stream and the other end of its connection.
struct Connection {
    Coroutines c;
    Peer peer;
    Stream stream{c.scheduler};

    explicit Connection(int family = AF_UNIX,
                        Triggered triggered = Triggered::edge)
        : c(triggered), peer(family) {
        c.start([this] {
            stream.connect(peer.address(), peer.length(), coro::never);
        });
        c.finish();
        REQUIRE(peer.accept());
    }

    std::optional<std::size_t> read(std::size_t size = 100) {
        std::string buffer(size, '\0');
        const auto n = stream.read(buffer);
        if (n) {
            text += buffer.substr(0, *n);
        }
        return n;
    }

    // Waits in a coroutine; `how` is empty as long as that lasts.
    void wait(unsigned readiness = coro::readable, Time longest = minute) {
        how.reset();
        c.start([this, readiness, longest] {
            how = stream.wait(readiness, c.loop.now() + longest);
        });
    }

    std::optional<Wake> how;
    std::string text;  // all that was read
};

std::string random_bytes(std::size_t n) {
    std::mt19937 random(1);
    std::string bytes(n, '\0');
    for (char& byte : bytes) {
        byte = static_cast<char>(random());
    }
    return bytes;
}

}  // namespace

TEST_CASE("reading what is not there gives nothing and does not wait") {
    Connection x;
    CHECK_FALSE(x.stream.may_read());
    CHECK(x.read() == 0);
    CHECK(x.stream.is_open());
}

TEST_CASE("a wait ends when there is something to read") {
    Connection x;
    x.wait();
    x.c.loop.run_once();
    CHECK_FALSE(x.how);

    x.peer.send("hello");
    CHECK(x.c.finish());
    CHECK(x.how == Wake::ready);
    CHECK(x.stream.may_read());
    CHECK(x.read() == 5);
    CHECK(x.text == "hello");
    CHECK_FALSE(x.stream.may_read());
}

TEST_CASE("a wait for what has come before it ends, too") {
    Connection x;
    x.peer.send("hello");
    x.wait();
    CHECK(x.c.finish());
    CHECK(x.how == Wake::ready);
    CHECK(x.read() == 5);
}

TEST_CASE("a read of exactly the buffer's size leaves nothing behind") {
    Connection x;
    for (const std::size_t extra : {0, 1}) {
        x.text.clear();
        x.peer.send(std::string(64 + extra, 'x'));
        x.wait();
        CHECK(x.c.finish());

        CHECK(x.read(64) == 64);
        CHECK(x.stream.may_read());  // there may be more
        CHECK(x.read(64) == extra);
        CHECK_FALSE(x.stream.may_read());
        CHECK(x.text.size() == 64 + extra);
    }

    x.wait();
    x.c.loop.run_once();
    CHECK_FALSE(x.how);
    x.peer.send("y");
    CHECK(x.c.finish());
    CHECK(x.how == Wake::ready);
}

TEST_CASE("reading only a part leaves the stream readable") {
    Connection x;
    x.peer.send("hello world");
    x.wait();
    CHECK(x.c.finish());

    CHECK(x.read(5) == 5);
    x.wait();
    CHECK(x.how == Wake::ready);
    CHECK(x.read(100) == 6);
    CHECK(x.text == "hello world");
}

// Both arrive together, and so with one event.
TEST_CASE("an end that comes with the last bytes is found after them") {
    for (const auto triggered : {Triggered::edge, Triggered::level}) {
        for (const int family : {AF_UNIX, AF_INET}) {
            for (const std::size_t size : {3, 4, 100}) {
                Connection x(family, triggered);
                x.wait();
                x.c.loop.run_once();
                x.peer.send("last");
                x.peer.hang_up();
                CHECK(x.c.finish());
                while (x.text.size() < 4) {
                    REQUIRE(x.read(size).value_or(0) > 0);
                }

                x.wait();
                CHECK(x.c.finish());
                CHECK(x.how == Wake::ready);
                errno = EDOM;
                CHECK_FALSE(x.read());
                CHECK(errno == 0);
                CHECK(x.text == "last");
            }
        }
    }
}

TEST_CASE("a reset that comes with the last bytes is found after them") {
    for (const auto triggered : {Triggered::edge, Triggered::level}) {
        Connection x(AF_INET, triggered);
        x.peer.send("last");
        x.peer.abort();
        x.wait();
        CHECK(x.c.finish());
        CHECK(x.read() == 4);

        x.wait();
        CHECK(x.c.finish());
        CHECK(x.how == Wake::ready);
        CHECK_FALSE(x.read());
        CHECK(errno == ECONNRESET);
    }
}

TEST_CASE("what has ended stays so") {
    Connection x;
    x.peer.hang_up();
    x.wait();
    CHECK(x.c.finish());
    for (int times = 0; times < 3; ++times) {
        CHECK(x.stream.may_read());
        CHECK_FALSE(x.read());
    }
}

TEST_CASE("bytes that come after a short read end the next wait") {
    for (const auto triggered : {Triggered::edge, Triggered::level}) {
        Connection x(AF_INET, triggered);
        x.peer.send("one");
        x.wait();
        CHECK(x.c.finish());
        x.peer.send("two");  // between the event and the read
        CHECK(x.read() == 6);
        x.peer.send("three");
        x.peer.hang_up();
        x.wait();
        CHECK(x.c.finish());
        CHECK(x.read() == 5);
        x.wait();
        CHECK(x.c.finish());
        CHECK_FALSE(x.read());
    }
}

TEST_CASE("the other end's close ends a wait") {
    Connection x;
    x.wait();
    x.c.loop.run_once();
    x.peer.hang_up();
    CHECK(x.c.finish());
    CHECK(x.how == Wake::ready);
    CHECK_FALSE(x.read());
}

TEST_CASE("a reset connection is an error") {
    Connection x(AF_INET);
    x.wait();
    x.peer.abort();
    CHECK(x.c.finish());
    CHECK(x.how == Wake::ready);
    CHECK_FALSE(x.read());
    CHECK(errno == ECONNRESET);
}

TEST_CASE("writing to who has closed is an error and no signal") {
    const auto before = std::signal(SIGPIPE, SIG_DFL);
    Connection x;
    x.peer.hang_up();
    CHECK_FALSE(x.stream.write("x"));
    CHECK(errno == EPIPE);
    std::signal(SIGPIPE, before);
}

TEST_CASE("a writer waits for a slow reader and loses nothing") {
    for (const int family : {AF_UNIX, AF_INET}) {
        Connection x(family);
        const std::string sent = random_bytes(8 << 20);
        std::size_t waits = 0;

        x.c.start([&] {
            std::string_view left = sent;
            while (!left.empty()) {
                const auto n = x.stream.write(left);
                CHECK(n.has_value());
                left.remove_prefix(n.value_or(left.size()));
                if (!left.empty()) {
                    CHECK_FALSE(x.stream.may_write());
                    ++waits;
                    CHECK(x.stream.wait(coro::readable | coro::writable,
                                        coro::never) == Wake::ready);
                }
            }
            x.stream.close();
        });
        CHECK(x.c.loop.run_until([&] {
            x.peer.receive(100'000);
            return x.c.scheduler.alive() == 0;
        }));
        CHECK(x.c.loop.run_until([&] { return x.peer.closed(); }));
        CHECK(x.peer.received() == sent);
        CHECK(waits > 1);
    }
}

TEST_CASE("a wait for writing ends when there is something to read, too") {
    Connection x;
    while (x.stream.write(std::string(65536, 'x')) == 65536) {
    }
    CHECK_FALSE(x.stream.may_write());

    x.wait(coro::readable | coro::writable);
    x.c.loop.run_once();
    CHECK_FALSE(x.how);
    x.peer.send("stop");
    CHECK(x.c.finish());
    CHECK(x.stream.may_read());
    CHECK_FALSE(x.stream.may_write());
    CHECK(x.read() == 4);
}

TEST_CASE("who waits for writing alone is not woken because he may read") {
    Connection x;
    while (x.stream.write(std::string(65536, 'x')) == 65536) {
    }
    x.peer.send("later");
    x.wait(coro::readable);
    REQUIRE(x.c.finish());
    x.wait(coro::writable);
    x.c.loop.run_turns(5);
    CHECK_FALSE(x.how);

    CHECK(x.c.loop.run_until([&] {
        x.peer.receive(100'000);
        return x.how.has_value();
    }));
    CHECK(x.how == Wake::ready);
    CHECK(x.read() == 5);
}

TEST_CASE("who waits for reading alone is not woken because he may write") {
    Connection x;
    CHECK(x.stream.write("x") == 1);
    x.wait(coro::readable);
    x.c.loop.run_turns(5);
    CHECK_FALSE(x.how);
    x.stream.wake();
    CHECK(x.c.finish());
}

TEST_CASE("a wait ends at its deadline") {
    Connection x;
    x.wait(coro::readable, minute);
    x.c.loop.skip(minute);
    CHECK(x.c.finish());
    CHECK(x.how == Wake::timeout);
    CHECK(x.stream.is_open());
    x.peer.send("late");
    x.wait();
    CHECK(x.c.finish());
    CHECK(x.read() == 4);
}

TEST_CASE("wake() ends a wait from outside") {
    for (const Wake with : {Wake::ready, Wake::cancelled}) {
        Connection x;
        x.wait();
        x.stream.wake(with);
        CHECK_FALSE(x.how);  // not inline
        CHECK(x.c.finish());
        CHECK(x.how == with);
    }
}

TEST_CASE("wake() when nobody waits does nothing, also not later") {
    Connection x;
    x.stream.wake(Wake::cancelled);
    x.wait();
    x.c.loop.run_once();
    CHECK_FALSE(x.how);
    x.stream.wake();
    CHECK(x.c.finish());
}

TEST_CASE("wake() ends no other wait of the stream's coroutine") {
    Connection x;
    coro::Waker other{};
    x.c.start([&] {
        CHECK(x.stream.wait(coro::readable, x.c.loop.now()) == Wake::timeout);
        other = coro::next_wait();
        CHECK(coro::wait() == Wake::ready);
    });
    CHECK(x.c.loop.run_until([&] { return x.c.scheduler.waiting(other); }));

    x.stream.wake(Wake::cancelled);
    x.c.loop.run_once();
    CHECK(x.c.scheduler.waiting(other));
    x.c.scheduler.wake(other);
    CHECK(x.c.finish());
}

TEST_CASE("close() closes the connection, and a wait after it is cancelled") {
    Connection x;
    x.stream.close();
    CHECK_FALSE(x.stream.is_open());
    CHECK_FALSE(x.stream.may_read());
    CHECK_FALSE(x.stream.may_write());
    CHECK(x.peer.closed());

    x.wait();
    CHECK(x.how == Wake::cancelled);
}

TEST_CASE("close() cancels the wait that lasts") {
    Connection x;
    x.wait(coro::readable, minute);
    x.stream.close();
    x.c.loop.run_until([&] { return x.how.has_value(); }, Milliseconds{200});
    CHECK(x.how == Wake::cancelled);

    x.c.loop.skip(minute);
    CHECK(x.c.finish());
}

TEST_CASE("a socket that the loop refuses is an error, and nobody waits") {
    for (const unsigned readiness :
         {unsigned{coro::readable}, unsigned{coro::writable},
          coro::readable | coro::writable}) {
        Connection x;
        while (x.stream.write(std::string(65536, 'x')) == 65536) {
        }
        x.c.loop.refuse(true);
        x.wait(readiness);
        CHECK(x.how == Wake::ready);
        CHECK(x.stream.may(readiness));
        CHECK_FALSE(x.read());
        CHECK(errno == ENOBUFS);
        CHECK_FALSE(x.stream.write("x"));
        CHECK(errno == ENOBUFS);
    }
}

// Even if there is always more to read.
TEST_CASE("a stream that is always ready lets the loop have its turns") {
    Connection x(AF_INET);
    std::size_t read = 0;
    std::size_t before = 0;
    constexpr std::size_t sent = 20'000;

    x.peer.send(std::string(sent, 'x'));
    x.c.start([&] {
        for (;;) {
            while (x.stream.may_read()) {
                read += x.read(1).value_or(0);
            }
            if (read == sent) {
                return;
            }
            CHECK(x.stream.wait(coro::readable, coro::never) == Wake::ready);
        }
    });
    for (int turns = 0; turns < 10; ++turns) {
        x.c.loop.run_once();
        CHECK(read - before < sent / 20);
        before = read;
    }
    CHECK(x.c.finish());
    CHECK(x.text.size() == sent);
}

// Even if the coroutine does nothing but wait.
TEST_CASE("who waits for what is ready over and over does not spin") {
    Connection x;
    bool end = false;
    x.c.start([&] {
        while (!end) {
            x.stream.wait(coro::writable, coro::never);
        }
    });
    x.c.loop.run_turns(3);
    end = true;
    CHECK(x.c.finish());
}

TEST_CASE("a stream's destruction closes its connection") {
    Coroutines c;
    Peer peer;
    c.start([&] {
        Stream stream(c.scheduler);
        CHECK(stream.connect(peer.address(), peer.length(), coro::never) == 0);
    });
    CHECK(c.finish());
    REQUIRE(peer.accept());
    CHECK(peer.closed());
}

TEST_CASE("hundreds of streams wait side by side, each for its own") {
    Coroutines c;
    constexpr int n = 300;
    std::vector<std::unique_ptr<Peer>> peers;
    std::vector<std::string> got(n);

    for (int i = 0; i < n; ++i) {
        peers.push_back(std::make_unique<Peer>());
        c.start([&, i] {
            Stream stream(c.scheduler);
            const Peer& peer = *peers[i];
            CHECK(stream.connect(peer.address(), peer.length(), coro::never) ==
                  0);
            std::array<char, 16> buffer;
            while (stream.wait(coro::readable, coro::never) == Wake::ready) {
                const auto n = stream.read(buffer);
                if (!n) {
                    return;
                }
                got[i].append(buffer.data(), *n);
            }
        });
    }

    for (int i = n - 1; i >= 0; --i) {
        REQUIRE(peers[i]->accept());
        peers[i]->send(std::to_string(i));
        peers[i]->hang_up();
    }
    CHECK(c.finish());
    for (int i = 0; i < n; ++i) {
        CHECK(got[i] == std::to_string(i));
    }
}
