// What a store must survive although no memcached says it, or seldom: each
// test speaks as the server itself.

#include "support/fake_memcached.hpp"

#include <dlfcn.h>
#include <doctest/doctest.h>
#include <string>

using backends::Status;
using namespace support;
using namespace std::chrono_literals;
using namespace std::string_literals;

namespace {

// The older one has fewer assertions, and closes after more errors.
bool is_libmemcached_1_0() {
    void* library = dlopen("libmemcached.so.11", RTLD_LAZY);
    REQUIRE(library != nullptr);
    const auto version = reinterpret_cast<const char* (*)()>(
        dlsym(library, "memcached_lib_version"));
    const bool is = std::string(version()).starts_with("1.0.");
    dlclose(library);
    return is;
}

// The connection is given up, and a new one works.
void check_given_up(FakeMemcached& fake) {
    CHECK(fake.store->logged("connection lost: ") == 1);
    CHECK(fake.peer.closed());
    CHECK(fake.store->at_once(Status::down));
    fake.reconnect();
    CHECK(fake.fetch("VALUE key 0 5\r\nvalue\r\nEND\r\n").value == "value");
}

// An answer that is no value; whatever follows is all right.
void check_no_value(const std::string& answer) {
    CAPTURE(answer);
    FakeMemcached fake;
    const auto fetch = fake.begin_fetch("key");
    fake.peer.send(answer);
    fake.store->loop.run_turns(5);
    if (!fetch->done) {  // more is waited for
        fake.store->loop.skip(patience);
    }
    CHECK(fake.store->loop.run_until([&] { return fetch->done; }));
    CHECK(fetch->result.status != Status::hit);
    CHECK(fetch->result.value.empty());
}

}  // namespace

TEST_CASE("memcached garbage: answers that are none") {
    for (const std::string& garbage :
         {"HTTP/1.1 400 Bad Request\r\n\r\n"s, "\x15\x03\x03\0\x02\x02\x28\n"s,
          "\r\n"s, "VALUE\r\n"s, "VALUE key\r\n"s, "VALUE key 0 x\r\n"s,
          "VALUE key 0 -5\r\n"s, "+PONG\r\n"s, "STORED\r\n"s, "OK\r\n"s}) {
        check_no_value(garbage);
    }
}

TEST_CASE("memcached garbage: a length that is not the value's") {
    for (const std::string& garbage :
         {"VALUE key 0 50\r\nvalue\r\nEND\r\n"s,
          "VALUE key 0 18446744073709551615\r\nvalue\r\nEND\r\n"s,
          "VALUE key 0 99999999999999999999999\r\nvalue\r\nEND\r\n"s}) {
        check_no_value(garbage);
    }
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

        // of which nothing is left on the next connection
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
    CHECK(fake.store->logs("connection lost: get timed out"));
    check_given_up(fake);
}

TEST_CASE("memcached garbage: a value that grows in each turn, for ever") {
    FakeMemcached fake;
    const auto fetch = fake.begin_fetch("key");
    fake.peer.send("VALUE key 0 100000\r\n");
    fake.store->loop.run_turns(2);
    fake.store->loop.skip(patience);
    for (int i = 0; i < 100 && !fake.peer.closed(); ++i) {
        fake.peer.send("x");
        fake.store->loop.run_turns(1);
    }
    CHECK(fetch->done);
    check_given_up(fake);
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
    FakeMemcached fake;
    const auto fetched = fake.fetch("VALUE other 0 1\r\nx\r\nEND\r\n");
    CHECK(fetched.status == Status::miss);
    CHECK(fetched.value.empty());
}

TEST_CASE("memcached garbage: a value whose key is too long for a key") {
    for (const std::size_t size : {250, 251, 252, 300, 330}) {
        CAPTURE(size);
        FakeMemcached fake;
        const auto fetched = fake.fetch("VALUE " + std::string(size, '\xff') +
                                        " 0 1\r\nx\r\nEND\r\n");
        CHECK(fetched.status == Status::miss);
        CHECK(fetched.value.empty());
        CHECK(fake.fetch("VALUE key 0 1\r\nx\r\nEND\r\n").value == "x");
    }
}

TEST_CASE("memcached garbage: an answer too many is not the next one's") {
    FakeMemcached fake;
    CHECK(fake.fetch("VALUE key 0 1\r\nx\r\nEND\r\n").value == "x");
    fake.peer.send("VALUE key 0 5\r\nstale\r\nEND\r\n");
    fake.store->loop.run_turns(5);
    const auto fetch = fake.store->begin_fetch("another");
    fake.store->loop.run_turns(5);
    fake.peer.hang_up();
    CHECK(fake.store->loop.run_until([&] { return fetch->done; }));
    CHECK(fetch->result.status != Status::hit);
}

TEST_CASE("memcached errors: of a fetch") {
    for (const std::string error : {"SERVER_ERROR out of memory", "ERROR",
                                    "CLIENT_ERROR line too long"}) {
        CAPTURE(error);
        if (is_libmemcached_1_0() && error.starts_with("SERVER_ERROR")) {
            continue;  // as "of its own" below
        }
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

TEST_CASE("memcached errors: one after which libmemcached connects anew") {
    FakeMemcached fake;
    CHECK(fake.fetch("SERVER_ERROR of its own\r\n").status == Status::failed);
    CHECK(fake.peer.closed());

    const auto fetch = fake.store->begin_fetch("key");
    REQUIRE(fake.store->loop.run_until([&] { return fake.peer.accept(); }));
    CHECK(fake.store->loop.run_until(
        [&] { return fake.peer.received() == "get key\r\n"; }));
    fake.peer.send("VALUE key 0 1\r\nx\r\nEND\r\n");
    CHECK(fake.store->loop.run_until([&] { return fetch->done; }));
    CHECK(fetch->result.value == "x");
    CHECK(fake.store->logged("connection lost") == 0);
}

TEST_CASE("memcached errors: of a set") {
    for (const std::string error :
         {"SERVER_ERROR out of memory storing object",
          "SERVER_ERROR object too large for cache", "NOT_STORED",
          "CLIENT_ERROR bad data chunk"}) {
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

TEST_CASE("memcached garbage: answers to a set that are none") {
    // An assertion of libmemcached's fails at each of them.
    for (const std::string garbage :
         {"END", "OK", "DELETED", "42", "VALUE key 0 5\r\nvalue\r\nEND"}) {
        CAPTURE(garbage);
        FakeMemcached fake;
        fake.set("key");
        const auto waits = fake.store->begin_fetch("key");
        fake.peer.send(garbage + "\r\n");
        CHECK(fake.store->loop.run_until([&] { return waits->done; }));
        if (is_libmemcached_1_0()) {  // takes it, and waits for one more
            CHECK(waits->result.status == Status::timeout);
        } else {
            CHECK(waits->result.status == Status::down);
            CHECK(fake.store->logged("lost: set failed: unexpected reply") ==
                  1);
        }
        check_given_up(fake);
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

TEST_CASE("memcached errors: large values among small ones, unanswered") {
    MemcachedServer memcached({"-I", "512k"});
    TestStore s({store_server(memcached)});
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
    s.loop.skip(1s);
    s.put("another", std::string(8 * 1024, 'x'));
    CHECK(s.logged("set failed: ") == 1);
    CHECK(s.logged("connection lost") == 0);
}
