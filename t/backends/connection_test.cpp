// TLS connections to a server whose every byte is sent when the test says so.

#include "backends/connection.hpp"
#include "support/tls_peer.hpp"
#include "support/tls_store.hpp"

#include <array>
#include <cerrno>
#include <doctest/doctest.h>
#include <openssl/err.h>
#include <optional>
#include <string>

using backends::Connection;
using namespace support;

namespace {

constexpr coro::Time minute{60'000};

struct Met {
    explicit Met(int protocol = TLS1_3_VERSION,
                 const backends::tls::Parameters& parameters = trusting())
        : peer(certificates().store, protocol),
          connection(c.scheduler, tls_options({}, parameters).tls,
                     parameters.name) {}

    // The attempt is over when `result` is set.
    void begin() {
        c.start([this] {
            result =
                connection.connect(store_address(peer), c.loop.now() + minute);
        });
        REQUIRE(peer.accept());
    }

    // Releases at most `most` bytes per turn until the handshake is done.
    void shake(std::size_t most = std::string::npos) {
        begin();
        CHECK(c.loop.run_until([&] {
            peer.step();
            peer.flush(most);
            return result.has_value() && peer.shaken();
        }));
        CHECK(result == "");
    }

    // Reads all there is. Returns nothing if the connection has ended.
    std::optional<std::size_t> read() {
        std::array<char, 100> buffer;
        std::optional<std::size_t> n = 0;
        while (connection.may_read() && (n = connection.read(buffer)) && *n) {
            text.append(buffer.data(), *n);
        }
        return n;
    }

    // Reads in a coroutine until `size` bytes have come.
    void await(std::size_t size) {
        c.start([this, size] {
            while (read() && text.size() < size) {
                ++waits;
                connection.wait(false, coro::never);
            }
        });
    }

    // Whether a coroutine that waits until it may write is still waiting.
    bool waits_to_write() {
        bool over = false;
        c.start([&] {
            connection.wait(true, coro::never);
            over = true;
        });
        c.loop.run_turns(5);
        const bool waited = !over;
        connection.wake();
        CHECK(c.finish());
        return waited;
    }

    Coroutines c;
    TlsPeer peer;
    Connection connection;
    std::optional<std::string> result;
    std::string text;
    int waits = 0;
};

backends::tls::Parameters with_certificate(const KeyPair& pair) {
    auto parameters = trusting();
    parameters.cert = pair.certificate;
    parameters.cert_key = pair.key;
    return parameters;
}

}  // namespace

TEST_CASE("tls connection: a name is asked for, and an address is not") {
    for (const std::string name : {"localhost", "127.0.0.1", "::1"}) {
        Met x(TLS1_3_VERSION, trusting(name));
        x.shake();
        const char* asked =
            SSL_get_servername(x.peer.ssl(), TLSEXT_NAMETYPE_host_name);
        CHECK(std::string(asked ? asked : "") ==
              (name == "localhost" ? name : ""));
    }
}

TEST_CASE("tls connection: every byte may come alone") {
    for (const int protocol : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        CAPTURE(protocol);
        Met x(protocol);
        x.shake(1);
        const std::string said(3000, 's');
        x.peer.say(said);
        x.await(said.size());
        CHECK(x.c.loop.run_until([&] {
            x.peer.flush(1);
            return x.c.scheduler.alive() == 0;
        }));
        CHECK(x.text == said);
        CHECK(x.waits > 1000);
    }
}

TEST_CASE("tls connection: several records that come at once are all read") {
    Met x;
    x.shake();
    std::string said;
    for (int i = 0; i < 100; ++i) {
        const auto word = std::string(500, 'w') + std::to_string(i);
        x.peer.say(word);
        said += word;
    }
    x.peer.flush();
    x.await(said.size());
    CHECK(x.c.finish());
    CHECK(x.text == said);
    CHECK_FALSE(x.connection.may_read());
}

TEST_CASE("tls connection: a peer that never answers is given up in time") {
    Met x;
    x.begin();
    x.c.loop.run_turns(5);
    x.c.loop.skip(minute - std::chrono::seconds(1));
    x.c.loop.run_turns(5);
    CHECK_FALSE(x.result);
    x.c.loop.skip(std::chrono::seconds(1));
    CHECK(x.c.finish());
    CHECK(x.result ==
          "TLS handshake timed out; the port may be one without TLS");
}

TEST_CASE("tls connection: one that trickles is given up just so") {
    Met x;
    x.begin();
    x.c.loop.run_turns(5);
    x.peer.step();
    for (int i = 0; i < 100; ++i) {
        CHECK_FALSE(x.result);
        x.peer.flush(1);
        x.c.loop.skip(minute / 100);
        x.c.loop.run_once();
    }
    CHECK(x.result == "TLS handshake timed out");
}

TEST_CASE("tls connection: a peer that hangs up instead of an answer") {
    Met x;
    x.begin();
    x.peer.received();  // or else it would be a reset
    x.peer.hang_up();
    CHECK(x.c.finish());
    CHECK(x.result == "TLS handshake failed: closed by the store; "
                      "the port may be one without TLS");
    CHECK(ERR_peek_error() == 0);
}

TEST_CASE("tls connection: a peer that answers something else") {
    Met x;
    x.begin();
    x.peer.send("-ERR unknown command\r\n");
    CHECK(x.c.finish());
    CHECK(x.result == "TLS handshake failed: wrong version number; "
                      "the port may be one without TLS; it seems to be Redis "
                      "(type=redis)");
    CHECK(ERR_peek_error() == 0);
}

TEST_CASE("tls connection: it ends with or without a goodbye") {
    for (const bool goodbye : {true, false}) {
        Met x;
        x.shake();
        x.peer.say("last");
        if (goodbye) {
            SSL_shutdown(x.peer.ssl());
        }
        x.peer.flush();
        x.peer.hang_up();
        bool ended = false;
        x.c.start([&] {
            while (x.read()) {
                x.connection.wait(false, coro::never);
            }
            ended = errno == 0;
        });
        CHECK(x.c.finish());
        CHECK(ended);
        CHECK(x.text == "last");
        CHECK(x.connection.failure(0) == "closed by the store");
    }
}

TEST_CASE("tls connection: garbage ends it") {
    Met x;
    x.shake();
    x.peer.send("no record of TLS");
    int error = 0;
    x.c.start([&] {
        while (x.read()) {
            x.connection.wait(false, coro::never);
        }
        error = errno;
    });
    CHECK(x.c.finish());
    CHECK(error == EPROTO);
    // as newer versions of OpenSSL call it
    if (x.connection.failure(error) != "bad record type") {
        CHECK(x.connection.failure(error) == "wrong version number");
    }
    CHECK(ERR_peek_error() == 0);
}

TEST_CASE("tls connection: closing says goodbye") {
    Met x;
    x.shake();
    CHECK(x.connection.write("last") == 4);
    x.connection.close();
    x.peer.step();
    CHECK(x.peer.heard() == "last");
    CHECK(x.peer.dismissed());
    CHECK(x.peer.closed());
}

TEST_CASE("tls connection: closing ends a handshake") {
    Met x;
    x.begin();
    x.c.loop.run_turns(5);
    x.connection.close();
    CHECK(x.c.finish());
    CHECK(x.result.has_value());
    CHECK(x.peer.closed());

    // also one whose answer has just arrived
    x.result.reset();
    x.begin();
    x.peer.step();
    x.peer.flush();
    x.connection.wake();
    x.connection.close();
    CHECK(x.c.finish());
    CHECK(x.result.value() != "");
}

TEST_CASE("tls connection: what does not fit goes later, from elsewhere") {
    for (const int protocol : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        Met x(protocol);
        x.shake();
        std::string all;
        for (int i = 0; all.size() < 3'000'000; ++i) {
            all += std::to_string(i);
        }
        auto left = std::make_unique<std::string>(all);
        x.c.start([&] {
            while (!left->empty()) {
                const auto n = x.connection.write(*left);
                REQUIRE(n);
                left = std::make_unique<std::string>(left->substr(*n));
                ++x.waits;
                x.read();  // tickets
                x.connection.wait(true, coro::never);
            }
        });
        CHECK(x.c.loop.run_until([&] {
            x.peer.step();
            return x.peer.heard().size() == all.size();
        }));
        CHECK(x.peer.heard() == all);
        CHECK(x.waits > 1);
        x.connection.wake();
        CHECK(x.c.finish());
    }
}

TEST_CASE("tls connection: keys are updated while nothing can be sent") {
    Met x;
    x.shake();
    const std::string all(3'000'000, 'x');
    std::size_t sent = x.connection.write(all).value();
    REQUIRE(sent < all.size());
    CHECK(SSL_key_update(x.peer.ssl(), SSL_KEY_UPDATE_REQUESTED) == 1);
    x.peer.say("updated");
    x.peer.flush();
    x.await(std::string("updated").size());
    REQUIRE(x.c.finish());
    CHECK(x.text == "updated");
    CHECK(x.waits_to_write());

    CHECK(x.c.loop.run_until([&] {
        x.peer.step();
        sent += x.connection.write(all.substr(sent)).value();
        return x.peer.heard().size() == all.size();
    }));
    CHECK(x.peer.heard() == all);
}

// A ticket contains the client's certificate, and so takes several records.
TEST_CASE("tls connection: half a ticket holds up who writes, not the worker") {
    Met x(TLS1_3_VERSION, with_certificate(certificates().large));
    SSL_CTX_set_max_send_fragment(x.peer.context(), 512);
    SSL_CTX_set_verify(x.peer.context(), SSL_VERIFY_PEER,
                       [](int, X509_STORE_CTX*) { return 1; });
    x.begin();
    CHECK(x.c.loop.run_until([&] {
        x.peer.step();
        if (!x.peer.shaken()) {
            x.peer.flush();
        }
        return x.result.has_value() && x.peer.shaken();
    }));
    REQUIRE(x.result == "");

    x.peer.flush(600);
    x.c.start([&] {
        x.read();
        x.connection.wait(false, coro::never);
        x.read();
    });
    // The first read may have consumed all of it.
    x.c.loop.run_turns(5);
    x.connection.wake();
    CHECK(x.c.finish());
    CHECK(x.connection.write("early") == 0);
    CHECK(x.waits_to_write());

    x.peer.say("after");
    x.peer.flush();
    x.await(std::string("after").size());
    CHECK(x.c.finish());
    CHECK(x.text == "after");
    CHECK(x.connection.write("early") == 5);
    x.peer.step();
    CHECK(x.peer.heard() == "early");
}
