// Streams: making a connection.

#include "coro/stream.hpp"
#include "support/coroutines.hpp"
#include "support/peer.hpp"
#include "support/socket.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/un.h>

using coro::Stream;
using coro::Time;
using coro::Wake;
using namespace support;

namespace {

constexpr Time minute{60'000};

// Connects in a coroutine; `error` is -1 as long as that is under way.
struct Connecting {
    Coroutines& c;
    Stream stream{c.scheduler};
    coro::Waker waker{};
    int error = -1;

    explicit Connecting(Coroutines& c) : c(c) {}

    void start(const sockaddr* address, socklen_t length) {
        error = -1;
        c.start([this, address, length] {
            waker = coro::next_wait();
            error = stream.connect(address, length, c.loop.now() + minute);
        });
    }

    int connect(const sockaddr* address, socklen_t length) {
        start(address, length);
        c.finish();
        return error;
    }
};

int connect_unix(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);

    Coroutines c;
    Connecting connecting(c);
    return connecting.connect(reinterpret_cast<sockaddr*>(&address),
                              sizeof address);
}

// An event loop that has no room for a socket.
class FullLoop : public PollLoop {
  public:
    std::unique_ptr<coro::Watch> watch(int fd, coro::Callback) override {
        close(fd);
        return nullptr;
    }
};

}  // namespace

TEST_CASE("a stream connects over IPv4, IPv6 and Unix sockets") {
    for (const int family : {AF_UNIX, AF_INET, AF_INET6}) {
        CAPTURE(family);
        Coroutines c;
        Peer peer(family);
        Connecting connecting(c);

        CHECK_FALSE(connecting.stream.is_open());
        CHECK(connecting.connect(peer.address(), peer.length()) == 0);
        CHECK(connecting.stream.is_open());
        CHECK(connecting.stream.may_write());
        CHECK(connecting.stream.write("hello") == 5);
        REQUIRE(peer.accept());
        CHECK(peer.received() == "hello");
    }
}

TEST_CASE("connecting to where nobody listens is refused") {
    const ReservedPort port;
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port.number());
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);

    Coroutines c;
    Connecting connecting(c);
    CHECK(connecting.connect(reinterpret_cast<sockaddr*>(&address),
                             sizeof address) == ECONNREFUSED);
    CHECK_FALSE(connecting.stream.is_open());
}

TEST_CASE("connecting to a Unix socket that is not there fails") {
    const TempDir dir;
    CHECK(connect_unix(dir.path() / "none.sock") == ENOENT);

    write_file(dir.path() / "file", "");
    CHECK(connect_unix(dir.path() / "file") == ECONNREFUSED);
}

TEST_CASE("connecting to an address family without sockets fails") {
    Coroutines c;
    Connecting connecting(c);
    sockaddr address{};
    address.sa_family = AF_MAX - 1;
    CHECK(connecting.connect(&address, sizeof address) != 0);
    CHECK_FALSE(connecting.stream.is_open());
}

TEST_CASE("connecting ends at its deadline") {
    Coroutines c;
    const Unreachable unreachable;
    Connecting connecting(c);

    connecting.start(unreachable.address(), unreachable.length());
    c.loop.skip(minute / 2);
    c.loop.run_once();
    CHECK(connecting.error == -1);

    c.loop.skip(minute);
    CHECK(c.finish());
    CHECK(connecting.error == ETIMEDOUT);
    CHECK_FALSE(connecting.stream.is_open());
}

TEST_CASE("connecting can be cancelled") {
    Coroutines c;
    const Unreachable unreachable;
    Connecting connecting(c);
    connecting.start(unreachable.address(), unreachable.length());

    SUBCASE("through the stream") {
        connecting.stream.wake(Wake::cancelled);
    }
    SUBCASE("through the coroutine") {
        c.scheduler.wake(connecting.waker, Wake::cancelled);
    }
    CHECK(c.finish());
    CHECK(connecting.error == ECANCELED);
    CHECK_FALSE(connecting.stream.is_open());
}

TEST_CASE("a wake alone does not end connecting") {
    Coroutines c;
    const Unreachable unreachable;
    Connecting connecting(c);

    connecting.start(unreachable.address(), unreachable.length());
    connecting.stream.wake();
    c.loop.run_turns(2);
    CHECK(connecting.error == -1);

    connecting.stream.wake(Wake::cancelled);
    CHECK(c.finish());
}

TEST_CASE("a Unix socket with a full queue is an error, not a wait") {
    Coroutines c;
    Peer peer(AF_UNIX, 0);
    std::vector<std::unique_ptr<Connecting>> all;

    do {
        all.push_back(std::make_unique<Connecting>(c));
        all.back()->start(peer.address(), peer.length());
    } while (all.back()->error == 0 && all.size() < 10);
    CHECK(all.back()->error == EAGAIN);
    CHECK_FALSE(all.back()->stream.is_open());
    CHECK(all.front()->stream.is_open());
}

TEST_CASE("a new connection takes the place of the one before") {
    Coroutines c;
    Peer first;
    Peer second;
    Connecting connecting(c);

    CHECK(connecting.connect(first.address(), first.length()) == 0);
    REQUIRE(first.accept());
    CHECK_FALSE(first.closed());

    CHECK(connecting.connect(second.address(), second.length()) == 0);
    CHECK(first.closed());
    CHECK(connecting.stream.write("x") == 1);
    REQUIRE(second.accept());
    CHECK(second.received() == "x");
}

TEST_CASE("a new connection has nothing of the one before") {
    Coroutines c;
    Peer first;
    Peer second;
    Connecting connecting(c);
    std::optional<Wake> how;
    const auto wait = [&] {
        how.reset();
        c.start([&] {
            how = connecting.stream.wait(coro::readable, c.loop.now() + minute);
        });
    };
    REQUIRE(connecting.connect(first.address(), first.length()) == 0);
    REQUIRE(first.accept());
    first.send("x");
    first.hang_up();
    wait();
    c.finish();
    REQUIRE(how == Wake::ready);

    REQUIRE(connecting.connect(second.address(), second.length()) == 0);
    REQUIRE(second.accept());
    wait();
    CHECK_FALSE(how);
    second.send("y");
    CHECK(c.finish());
    CHECK(how == Wake::ready);
}

TEST_CASE("a loop that has no room is told as ENOBUFS") {
    FullLoop loop;
    coro::StackPool stacks;
    coro::Scheduler scheduler(loop, stacks);
    Peer peer;
    struct Attempt {
        Stream stream;
        Peer& peer;
        int error = -1;
    } attempt{Stream(scheduler), peer};

    scheduler.start({[](void* data) noexcept {
                         auto& self = *static_cast<Attempt*>(data);
                         self.error = self.stream.connect(self.peer.address(),
                                                          self.peer.length(),
                                                          coro::never);
                     },
                     &attempt});
    CHECK(attempt.error == ENOBUFS);
    CHECK_FALSE(attempt.stream.is_open());
    REQUIRE(peer.accept());
    CHECK(peer.closed());
}

TEST_CASE("a loop that refuses what is being connected is ENOBUFS, at once") {
    Coroutines c;
    Peer peer(AF_INET);
    Connecting connecting(c);

    c.loop.refuse(true);
    connecting.start(peer.address(), peer.length());
    CHECK(connecting.error == ENOBUFS);
    CHECK_FALSE(connecting.stream.is_open());
    REQUIRE(peer.accept());
    CHECK(peer.closed());

    c.loop.refuse(false);
    CHECK(connecting.connect(peer.address(), peer.length()) == 0);
}

TEST_CASE("what the other end says before connecting is over is read") {
    for (const auto triggered : {Triggered::edge, Triggered::level}) {
        for (const bool ends : {false, true}) {
            Coroutines c(triggered);
            Peer peer(AF_INET);
            Connecting connecting(c);
            std::string text(100, '\0');

            connecting.start(peer.address(), peer.length());
            REQUIRE(peer.accept());
            peer.send("first");
            if (ends) {
                peer.hang_up();
            }
            REQUIRE(c.finish());
            CHECK(connecting.error == 0);

            auto read = [&]() -> std::optional<std::size_t> {
                bool over = false;
                c.start([&] {
                    connecting.stream.wait(coro::readable,
                                           c.loop.now() + minute);
                    over = true;
                });
                REQUIRE(c.loop.run_until([&] { return over; }));
                return connecting.stream.read(text);
            };
            CHECK(read() == 5);
            if (ends) {
                CHECK_FALSE(read());
            }
        }
    }
}
