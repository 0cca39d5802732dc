// What a store must survive although memcached never or seldom says it: each
// test plays the server itself.

#include "support/fake_memcached.hpp"

#include <doctest/doctest.h>
#include <string>

using backends::Status;
using namespace support;
using namespace std::chrono_literals;
using namespace std::string_literals;

namespace {

// The connection is given up, and a new one works.
void check_given_up(FakeMemcached& fake, const std::string& why) {
    CAPTURE(fake.store->log());
    CHECK(fake.store->logs("connection lost: " + why));
    CHECK(fake.peer.closed());
    CHECK(fake.store->at_once(Status::down));
    fake.reconnect();
    CHECK(fake.fetch("VALUE key 0 5\r\nvalue\r\nEND\r\n").value == "value");
}

// Answers a get, which ends with the connection.
void check_refused(const std::string& answer, const std::string& why) {
    CAPTURE(answer);
    FakeMemcached fake;
    const auto fetched = fake.fetch(answer);
    CHECK(fetched.status == Status::down);
    CHECK(fetched.value.empty());
    check_given_up(fake, why);
}

}  // namespace

TEST_CASE("memcached garbage: answers that are none") {
    for (const std::string& garbage : {"HTTP/1.1 400 Bad Request\r\n\r\n"s,
                                       "\x15\x03\x03\0\x02\x02\x28\n"s,
                                       "\r\n"s,
                                       "\n"s,
                                       "END\n"s,
                                       "ENDx\n"s,
                                       "VALUE\r\n"s,
                                       "VALUE key\r\n"s,
                                       "VALUE key 0 x\r\n"s,
                                       "VALUE key 0 -5\r\n"s,
                                       "VALUE key 0 5 1\r\n"s,
                                       "VALUE key x 5\r\n"s,
                                       "VALUE  key 0 5\r\n"s,
                                       "VALUE key 0 +5\r\n"s,
                                       "VALUE key 4294967296 5\r\n"s,
                                       "+PONG\r\n"s,
                                       "OK\r\n"s,
                                       "42\r\n"s,
                                       "end\r\n"s,
                                       " END\r\n"s,
                                       "END \r\n"s,
                                       "ERRORS\r\n"s,
                                       "VALUE key 0 5\rvalue\r\n"s,
                                       "END\0\r\n"s}) {
        check_refused(garbage, "unexpected reply");
    }
}

TEST_CASE("memcached garbage: answers to other commands") {
    for (const std::string& garbage :
         {"STORED\r\n"s, "NOT_STORED\r\n"s, "DELETED\r\n"s, "NOT_FOUND\r\n"s,
          "VERSION 1.6.18\r\n"s, "VERSION\r\n"s}) {
        check_refused(garbage, "get failed: unexpected reply");
    }
}

TEST_CASE("memcached garbage: a length that is not the value's") {
    check_refused("VALUE key 0 4\r\nvalue\r\nEND\r\n", "value of another len");
    check_refused("VALUE key 0 6\r\nvalue\r\nEND\r\n", "value of another len");
    for (const std::string size :
         {"4294967296", "18446744073709551615", "99999999999999999999999"}) {
        check_refused("VALUE key 0 " + size + "\r\nvalue\r\nEND\r\n",
                      "unexpected reply");
    }
}

TEST_CASE("memcached garbage: a line without an end") {
    check_refused(std::string(2048, 'x'), "line too long");
    check_refused("VALUE " + std::string(3000, 'x'), "line too long");
    check_refused("SERVER_ERROR " + std::string(3000, 'x') + "\r\n",
                  "line too long");
}

TEST_CASE("memcached garbage: the longest value there is") {
    FakeMemcached fake;
    const std::string value(66560, 'x');
    CHECK(fake.fetch("VALUE key 0 66560\r\n" + value + "\r\nEND\r\n").value ==
          value);
}

TEST_CASE("memcached garbage: of a longer value there is one byte more") {
    for (const std::size_t size : {66'561, 66'562, 100'000}) {
        CAPTURE(size);
        FakeMemcached fake;
        const auto fetched =
            fake.fetch("VALUE key 0 " + std::to_string(size) + "\r\n" +
                       std::string(size, 'x') + "\r\nEND\r\n");
        CHECK(fetched.status == Status::hit);
        CHECK(fetched.value == std::string(66'561, 'x'));
        CHECK(fake.fetch("END\r\n").status == Status::miss);
    }

    MemcachedServer memcached;
    TestStore s({store_server(memcached)});
    REQUIRE(s.connects());
    memcached.set("long", std::string(1'000'000, 'x'));
    memcached.set("key", "value");
    for (int i = 0; i < 3; ++i) {
        const auto fetches = {s.begin_fetch("long"), s.begin_fetch("key")};
        CHECK(s.fetch("none").status == Status::miss);
        CHECK((*fetches.begin())->result.value.size() == 66'561);
        CHECK((*(fetches.end() - 1))->result.value == "value");
    }
    CHECK(s.logged("[error]") == 0);
}

TEST_CASE("memcached garbage: what ends a longer value is looked at") {
    FakeMemcached fake;
    const auto fetched =
        fake.fetch("VALUE key 0 70000\r\n" + std::string(70'002, 'x') + "END");
    CHECK(fetched.value == std::string(66'561, 'x'));
    check_given_up(fake, "value of another length");
}

TEST_CASE("memcached garbage: a value without an end is given up in time") {
    FakeMemcached fake;
    const auto fetch = fake.begin_fetch("key");
    fake.peer.send("VALUE key 0 4294967295\r\n" + std::string(70'000, 'x'));
    CHECK(fake.store->loop.run_until([&] { return fetch->done; }));
    CHECK(fetch->result.value.size() == 66'561);
    fake.store->loop.skip(patience);
    check_given_up(fake, "get timed out");
}

TEST_CASE("memcached garbage: the connection ends in the middle of a value") {
    for (const std::string& part :
         {""s, "V"s, "VALUE key 0 10"s, "VALUE key 0 10\r\n"s,
          "VALUE key 0 10\r\nabc"s, "VALUE key 0 10\r\n0123456789"s}) {
        CAPTURE(part);
        FakeMemcached fake;
        const auto fetch = fake.begin_fetch("key");
        fake.peer.send(part);
        fake.store->loop.run_turns(3);
        fake.peer.hang_up();
        CHECK(fake.store->loop.run_until([&] { return fetch->done; }));
        CHECK(fetch->result.status == Status::down);
        CHECK(fetch->result.value.empty());
        CHECK(fake.store->logs("connection lost: "));

        // nothing of it is left on the next connection
        fake.reconnect();
        CHECK(fake.fetch("END\r\n").status == Status::miss);
    }
}

TEST_CASE("memcached garbage: a value whose end does not come") {
    FakeMemcached fake;
    const auto fetch = fake.begin_fetch("key");
    fake.peer.send("VALUE key 0 10\r\nabc");
    fake.store->loop.run_turns(5);
    CHECK_FALSE(fetch->done);
    fake.store->loop.skip(patience);
    CHECK(fake.store->loop.run_until([&] { return fetch->done; }));
    CHECK(fetch->result.status == Status::timeout);
    check_given_up(fake, "get timed out");
}

TEST_CASE("memcached garbage: a value that grows in each turn, for ever") {
    FakeMemcached fake;
    const auto fetch = fake.begin_fetch("key");
    fake.peer.send("VALUE key 0 60000\r\n");
    fake.store->loop.run_turns(2);
    fake.store->loop.skip(patience);
    for (int i = 0; i < 100 && !fake.peer.closed(); ++i) {
        fake.peer.send("x");
        fake.store->loop.run_turns(1);
    }
    CHECK(fetch->done);
    check_given_up(fake, "get timed out");
}

TEST_CASE("memcached garbage: a value that comes byte by byte") {
    FakeMemcached fake;
    const auto fetch = fake.begin_fetch("key");
    for (const char byte : "VALUE key 7 5\r\nva\0ue\r\nEND\r\n"s) {
        fake.peer.send({&byte, 1});
        fake.store->loop.run_turns(2);
    }
    CHECK(fake.store->loop.run_until([&] { return fetch->done; }));
    CHECK(fetch->result.value == "va\0ue"s);
}

TEST_CASE("memcached garbage: a value that nobody asked for") {
    for (const std::string& key :
         {"other"s, "ke"s, "key\xff"s, "ngx_ssl_session_cache_ping"s,
          std::string(250, '\xff')}) {
        check_refused("VALUE " + key + " 0 1\r\nx\r\nEND\r\n",
                      "get failed: a value that nobody asked for");
    }
    check_refused("VALUE " + std::string(251, 'k') + " 0 1\r\nx\r\nEND\r\n",
                  "unexpected reply");
}

TEST_CASE("memcached garbage: a value that comes twice") {
    FakeMemcached fake;
    const auto fetched = fake.fetch("VALUE key 0 1\r\nx\r\n"
                                    "VALUE key 0 1\r\ny\r\nEND\r\n");
    CHECK(fetched.value == "x");
    check_given_up(fake, "get failed: a value that nobody asked for");
}

TEST_CASE("memcached garbage: an answer too many is not the next one's") {
    FakeMemcached fake;
    CHECK(fake.fetch("VALUE key 0 1\r\nx\r\nEND\r\n").value == "x");
    fake.peer.send("VALUE key 0 5\r\nstale\r\nEND\r\n");
    check_given_up(fake, "unexpected reply");
}

TEST_CASE("memcached garbage: answers when it is asked who it is") {
    for (const std::string& answer :
         {"VALUE ngx_ssl_session_cache_ping 0 300\r\n"s +
              std::string(300, 'x') + "\r\nEND\r\n",
          "END\r\n"s, "STORED\r\n"s, "VERSION\n"s,
          "VERSION " + std::string(3000, '1') + "\r\n"}) {
        CAPTURE(answer);
        Peer peer;
        TestStore s({store_server(store_address(peer))});
        REQUIRE(s.loop.run_until([&] { return peer.accept(); }));
        peer.send(answer);
        CHECK(s.logs("unavailable: "));
        CHECK(s.logged("connected") == 0);
    }
}

TEST_CASE("memcached garbage: a version that is none is not told") {
    for (const std::string version :
         {"VERSION", "VERSION ", "VERSION x.y", "VERSION \x1b[2J", "ERROR"}) {
        CAPTURE(version);
        Peer peer;
        TestStore s({store_server(store_address(peer))});
        REQUIRE(s.loop.run_until([&] { return peer.accept(); }));
        peer.send(version + "\r\nEND\r\n");
        REQUIRE(s.connects());
        CHECK(s.log() == "[notice] memcached peer: connected\n");
    }
}

TEST_CASE("memcached errors: of a fetch") {
    for (const std::string error :
         {"SERVER_ERROR out of memory", "SERVER_ERROR", "ERROR",
          "CLIENT_ERROR line too long", "SERVER_ERROR \"quoted\""}) {
        CAPTURE(error);
        FakeMemcached fake;
        for (int i = 0; i < 3; ++i) {
            const auto fetched = fake.fetch(error + "\r\n");
            CHECK(fetched.status == Status::failed);
            CHECK(fetched.value.empty());
        }
        CHECK(fake.store->logged("get failed: ") == 1);
        CHECK(fake.store->logged("[error]") == 1);
        CHECK(fake.store->logged("connection lost") == 0);
        CHECK(fake.fetch("VALUE key 0 1\r\nx\r\nEND\r\n").value == "x");
    }
}

TEST_CASE("memcached errors: after some of the values") {
    FakeMemcached fake;
    const auto fetches = fake.store->begin_fetches(3, "key");
    fake.store->loop.run_turns(5);
    fake.peer.send("VALUE key1 0 1\r\nx\r\nSERVER_ERROR out of memory\r\n");
    CHECK(fake.store->loop.run_until([&] { return fetches.back()->done; }));
    CHECK(fetches[0]->result.status == Status::failed);
    CHECK(fetches[1]->result.value == "x");
    CHECK(fetches[2]->result.status == Status::failed);
    CHECK(fake.fetch("END\r\n").status == Status::miss);
}

TEST_CASE("memcached errors: of a set") {
    for (const std::string error :
         {"SERVER_ERROR out of memory storing object",
          "SERVER_ERROR object too large for cache", "NOT_STORED"}) {
        CAPTURE(error);
        FakeMemcached fake;
        for (int i = 0; i < 3; ++i) {
            fake.set("key");
            fake.peer.send(error + "\r\n");
        }
        CHECK(fake.store->logs("set failed: "));
        CHECK(fake.store->logged("[error]") == 1);
        CHECK(fake.fetch("VALUE key 0 1\r\nx\r\nEND\r\n").value == "x");
    }
}

TEST_CASE("memcached errors: after which replies may be out of step") {
    FakeMemcached fake;
    fake.set("key");
    const auto add = fake.store->begin_add("claim");
    fake.store->loop.run_turns(5);
    const auto before = fake.peer.received().size();
    fake.peer.send("CLIENT_ERROR bad data chunk\r\n");
    CHECK(fake.store->logs("set failed: CLIENT_ERROR bad data chunk"));
    CHECK(fake.store->loop.run_until(
        [&] { return fake.peer.received().size() > before; }));
    CHECK(fake.peer.received().substr(before) == "version\r\n");

    SUBCASE("an add is not believed") {
        fake.peer.send("STORED\r\n");
        CHECK(fake.store->loop.run_until([&] { return add->done; }));
        CHECK(add->result == backends::Addition::unknown);
    }
    SUBCASE("until its version shows that they are not") {
        fake.peer.send("STORED\r\nVERSION 1.6.18\r\n");
        CHECK(fake.store->loop.run_until([&] { return add->done; }));
        const auto second = fake.store->begin_add("another");
        fake.store->loop.run_turns(5);
        fake.peer.send("STORED\r\n");
        CHECK(fake.store->loop.run_until([&] { return second->done; }));
        CHECK(second->result == backends::Addition::added);
    }
    SUBCASE("or that they are") {
        fake.peer.send("ERROR\r\nSTORED\r\n");
        CHECK(fake.store->logs("version failed: unexpected reply"));
        CHECK(fake.store->loop.run_until([&] { return add->done; }));
        CHECK(add->result == backends::Addition::unknown);
    }
}

TEST_CASE("memcached garbage: answers to a set that are none") {
    for (const std::string garbage :
         {"END", "DELETED", "VERSION 1", "VALUE key 0 5\r\nvalue\r\nEND"}) {
        CAPTURE(garbage);
        FakeMemcached fake;
        fake.set("key");
        const auto waits = fake.store->begin_fetch("key");
        fake.peer.send(garbage + "\r\n");
        CHECK(fake.store->loop.run_until([&] { return waits->done; }));
        CHECK(waits->result.status == Status::down);
        check_given_up(fake, "set failed: unexpected reply");
    }
}

TEST_CASE("memcached errors: a value larger than the server takes") {
    MemcachedServer memcached({"-I", "512k"});
    auto options = store_options();
    TestStore s({store_server(memcached)}, options);
    REQUIRE(s.connects());
    s.put("small", "value");
    for (int i = 0; i < 10; ++i) {
        s.loop.skip(options.interval);
        s.put("large", std::string(800 * 1024, 'x'));
    }
    CAPTURE(s.log());
    CHECK(s.fetch("large").status == Status::miss);
    CHECK(s.fetch("small").value == "value");
    CHECK(s.logged("set failed: ") == 1);
    CHECK(s.logged("[error]") == 1);
}

TEST_CASE("memcached errors: large values among small ones") {
    MemcachedServer memcached({"-I", "512k"});
    auto options = store_options();
    options.timeout = 60s;  // 80 MB come before the first fetch
    TestStore s({store_server(memcached)}, options);
    REQUIRE(s.connects());
    for (int i = 0; i < 100; ++i) {
        s.store().store("large", std::string(800 * 1024, 'x'), 60s);
        s.store().store(std::to_string(i), std::to_string(i), 60s);
    }
    for (int i = 0; i < 100; ++i) {
        CHECK(s.fetch(std::to_string(i)).value == std::to_string(i));
    }
    CHECK(s.fetch("large").status == Status::miss);
    CHECK(s.logged("connection lost") == 0);
}

TEST_CASE("memcached errors: a server without room, and without eviction") {
    MemcachedServer memcached({"-m", "2", "-M"});
    TestStore s({store_server(memcached)});
    REQUIRE(s.connects());
    for (int i = 0; i < 3000; ++i) {
        s.store().store(std::to_string(i), std::string(8 * 1024, 'x'), 60s);
    }
    for (int i = 0; i < 3000; ++i) {
        const auto fetched = s.fetch(std::to_string(i));
        CHECK(fetched.status != Status::down);
        CHECK((fetched.status == Status::miss ||
               fetched.value == std::string(8 * 1024, 'x')));
    }
    CAPTURE(s.log());
    CHECK(s.logged("set failed: ") == 1);
    CHECK(s.logged("connection lost") == 0);
}
