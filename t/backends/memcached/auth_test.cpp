// auth=user:password: against a memcached that was started with -S, for SASL
// PLAIN in the binary protocol, and one with -Y, for the text protocol's own.

#include "support/test_store.hpp"

#include <doctest/doctest.h>

using backends::Status;
using namespace support;
using namespace std::chrono_literals;
using namespace std::string_literals;

namespace {

const std::string user = "alice";
const std::string password = "correct-horse";

template <MemcachedServer::Auth how>
struct AuthServer : MemcachedServer {
    explicit AuthServer(Listen listen = Listen::at_port)
        : MemcachedServer(listen, how, user, password) {}
};

using SaslServer = AuthServer<MemcachedServer::Auth::sasl>;
using TextServer = AuthServer<MemcachedServer::Auth::text>;

backends::Options with_password(const std::string& given) {
    auto options = store_options();
    options.user = user;
    options.password = given;
    return options;
}

}  // namespace

TYPE_TO_STRING(SaslServer);
TYPE_TO_STRING(TextServer);

#define AUTH_TEST_CASE(name)                                                   \
    TEST_CASE_TEMPLATE(name, Server, SaslServer, TextServer)

AUTH_TEST_CASE("memcached auth: with the right password the store is up") {
    Server memcached;
    TestStore s({store_server(memcached)}, with_password(password));
    REQUIRE(s.connects());
    CHECK(s.fetch("key").status == Status::miss);
    const std::string value("a\0b\r\nEND\r\n", 9);
    s.put("key", value);
    CHECK(s.fetch("key").value == value);
    s.put("key", std::string(64 * 1024, 'x'));
    CHECK(s.fetch("key").value == std::string(64 * 1024, 'x'));
    CHECK(s.store().erase("key") == Status::queued);
    CHECK(s.fetch("key").status == Status::miss);
    CHECK(s.store().erase("key") == Status::queued);
    CHECK(s.fetch("key").status == Status::miss);
    CHECK(s.logged("[error]") == 0);
}

AUTH_TEST_CASE("memcached auth: many at a time") {
    Server memcached;
    TestStore s({store_server(memcached)}, with_password(password));
    REQUIRE(s.connects());
    for (int i = 0; i < 1000; i += 2) {
        s.store().store(std::to_string(i), "value " + std::to_string(i), 60s);
    }
    std::vector<std::shared_ptr<TestStore::Fetch>> fetches;
    fetches.reserve(1000);
    for (int i = 0; i < 1000; ++i) {
        fetches.push_back(s.begin_fetch(std::to_string(i)));
    }
    CHECK(s.loop.run_until([&] { return fetches.back()->done; }));
    for (int i = 0; i < 1000; ++i) {
        CHECK(fetches[i]->result.value ==
              (i % 2 ? "" : "value " + std::to_string(i)));
    }
}

AUTH_TEST_CASE(
    "memcached auth: with a wrong one it stays down, and says so once") {
    Server memcached;
    for (const std::string wrong : {"wrong-horse", "correct-horse2"}) {
        TestStore s({store_server(memcached)}, with_password(wrong));
        CHECK(s.logs("unavailable: "));
        for (int i = 0; i < 20; ++i) {
            s.loop.skip(1s);
            s.loop.run_until([] { return false; }, Milliseconds{10});
            CHECK(s.at_once(Status::down));
        }
        CHECK(s.logged("connected") == 0);
        CAPTURE(s.log());
        CHECK(s.logged("auth failed: ") == 1);
        CHECK(count_lines(s.log(), "") == 1);
        CHECK(s.logged("horse") == 0);
    }
}

TEST_CASE("memcached auth: without a password where one is needed") {
    SaslServer sasl;
    TestStore s({store_server(sasl)});
    CHECK(s.logs("unavailable: "));
    CHECK(s.logged("connected") == 0);

    TextServer text;
    TestStore t({store_server(text)});
    CHECK(t.logs("unavailable: it wants a password (auth): CLIENT_ERROR"));
    CHECK(t.logged("connected") == 0);
}

AUTH_TEST_CASE("memcached auth: on a Unix socket") {
    Server memcached(MemcachedServer::Listen::at_path);
    TestStore s({store_server(memcached)}, with_password(password));
    REQUIRE(s.connects());
    s.put("key", "value");
    CHECK(s.fetch("key").value == "value");
    CHECK(s.add("key") == backends::Addition::exists);
    CHECK(s.add("new") == backends::Addition::added);
}

AUTH_TEST_CASE("memcached auth: the version is told") {
    Server memcached;
    TestStore s({store_server(memcached)}, with_password(password));
    REQUIRE(s.connects());
    CHECK(s.logged("connected, version 1.") == 1);
}

TEST_CASE("memcached auth: a password that the server does not ask for") {
    MemcachedServer memcached({}, MemcachedServer::Listen::at_port);
    TestStore s({store_server(memcached)}, with_password(password));
    CHECK(s.logs("unavailable: auth failed: the server has no SASL"));
    CHECK(s.logged("connected") == 0);
    CHECK(s.logged("horse") == 0);
}

TEST_CASE("memcached auth: a proxy of the text protocol that wants none") {
    MemcachedServer memcached({"-B", "ascii"});
    TestStore s({store_server(memcached)}, with_password(password));
    REQUIRE(s.connects());
    CHECK(memcached.client().keys().empty());  // the password is not stored
    s.put("key", "value");
    INFO(s.log());
    CHECK(s.fetch("key").value == "value");
}

TEST_CASE("memcached auth: whatever answers the question for the protocol") {
    const std::string head("\x81\x20\0\0\0\0\0\0\0\0\0\0", 12);
    const std::string rest(12, '\0');
    for (const std::string& answer :
         {std::string("END\r\n"), std::string("STORED\r\n"),
          std::string("\x80"), head + "\0\0\0\1"s + std::string(8, '\0'),
          std::string("\x81\x20\xff\xff\0\0\0\0\0\0\0\0", 12) + rest,
          std::string("\x81\x20\0\0\0\0\0\0\xff\xff\xff\xff", 12) + rest,
          std::string("\x81\x0c\0\0\0\0\0\0\0\0\0\0", 12) + rest}) {
        CAPTURE(answer);
        Peer peer;
        TestStore s({store_server(store_address(peer))},
                    with_password(password));
        REQUIRE(s.loop.run_until([&] { return peer.accept(); }));
        REQUIRE(s.loop.run_until([&] { return peer.received().size() == 24; }));
        peer.send(answer);
        CHECK(s.logs("unavailable: "));
        CHECK(s.logged("connected") == 0);
        CHECK(peer.received().find("horse") == std::string::npos);
    }
}

TEST_CASE("memcached auth: a binary answer that is another command's") {
    const std::string ok("\x81\x20\0\0\0\0\0\0\0\0\0\0", 12);
    const std::string rest(12, '\0');
    Peer peer;
    TestStore s({store_server(store_address(peer))}, with_password(password));
    REQUIRE(s.loop.run_until([&] { return peer.accept(); }));
    peer.send(ok + rest);
    REQUIRE(s.loop.run_until([&] { return peer.received().size() > 24; }));
    peer.send(ok + rest);  // once more
    CHECK(s.logs("unavailable: unexpected reply"));
}

AUTH_TEST_CASE("memcached auth: frozen, killed and restarted") {
    Server memcached;
    TestStore s({store_server(memcached)}, with_password(password));
    REQUIRE(s.connects());
    memcached.freeze();
    const auto fetch = s.begin_fetch("key");
    s.store().store("key", "value", 60s);
    s.loop.run_turns(5);
    s.loop.skip(patience);
    CHECK(s.logs("timed out"));
    CHECK(s.loop.run_until([&] { return fetch->done; }));
    CHECK(fetch->result.status == Status::timeout);
    memcached.thaw();
    CHECK(s.connects(2));

    memcached.kill9();
    CHECK(s.logs("connection lost", 2));
    memcached.start();
    CHECK(s.connects(3));
    s.put("key", "value");
    CHECK(s.fetch("key").value == "value");
}
