// auth=user:password, SASL PLAIN: against a memcached started with -S.

#include "support/test_store.hpp"

#include <doctest/doctest.h>

using backends::Status;
using namespace support;
using namespace std::chrono_literals;

namespace {

const std::string user = "alice";
const std::string password = "correct-horse";

struct SaslServer : MemcachedServer {
    SaslServer() : MemcachedServer(Listen::at_port, user, password) {}
};

backends::Options with_password(const std::string& given) {
    auto options = store_options();
    options.user = user;
    options.password = given;
    return options;
}

}  // namespace

TEST_CASE("memcached auth: with the right password the store is up") {
    SaslServer memcached;
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

TEST_CASE("memcached auth: many at a time") {
    SaslServer memcached;
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

TEST_CASE("memcached auth: with a wrong one it stays down, and says so once") {
    SaslServer memcached;
    for (const std::string wrong : {"wrong-horse", "correct-horse2"}) {
        TestStore s({store_server(memcached)}, with_password(wrong));
        CHECK(s.logs("unavailable: "));
        for (int i = 0; i < 20; ++i) {
            s.loop.skip(1s);
            s.loop.run_until([] { return false; }, Milliseconds{10});
            CHECK(s.at_once(Status::down));
        }
        CHECK(s.logged("connected") == 0);
        CHECK(s.logged("AUTHENTICATION FAILURE") == 1);
        CHECK(count_lines(s.log(), "") == 1);
        CHECK(s.logged("horse") == 0);
    }
}

TEST_CASE("memcached auth: without a password where one is needed") {
    SaslServer memcached;
    TestStore s({store_server(memcached)});
    CHECK(s.logs("unavailable: "));
    CHECK(s.logged("connected") == 0);
}

TEST_CASE("memcached auth: a password that the server does not ask for") {
    MemcachedServer memcached({}, MemcachedServer::Listen::at_port);
    TestStore s({store_server(memcached)}, with_password(password));
    CHECK(s.logs("[error]"));
    CHECK(s.logged("connected") == 0);
    CHECK(s.logged("horse") == 0);
}

TEST_CASE("memcached auth: frozen, killed and restarted") {
    SaslServer memcached;
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
