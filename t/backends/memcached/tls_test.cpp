// tls=on with memcached: against a memcached that was started with -Z.

#include "support/tls_memcached.hpp"
#include "support/tls_store.hpp"

#include <doctest/doctest.h>

using backends::Status;
using namespace support;
using namespace std::chrono_literals;

namespace {

backends::Server at(const Address& address,
                    const std::string& name = "localhost") {
    auto result = store_server(store_address(address));
    result.tls_name = name;
    return result;
}

backends::Server named(const TlsMemcached& server,
                       const std::string& name = "localhost") {
    return at(server.tls_address(), name);
}

backends::Options trusting_options() {
    auto options = tls_options({});
    options.addresses.clear();
    return options;
}

}  // namespace

TEST_CASE("memcached tls: what is stored is fetched") {
    TlsMemcached memcached;
    TestStore s({named(memcached)}, trusting_options());
    REQUIRE(s.connects());
    for (const std::string& value :
         {std::string("value"), std::string("\0\r\nEND\r\n", 8),
          std::string(64 * 1024, 'x')}) {
        s.put("key", value);
        CHECK(s.fetch("key").value == value);
    }
    CHECK(s.add("key") == backends::Addition::exists);
    CHECK(s.add("new") == backends::Addition::added);
    s.store().erase("key");
    CHECK(s.fetch("key").status == Status::miss);
    CHECK(s.logged("[error]") == 0);
}

TEST_CASE("memcached tls: many at a time") {
    TlsMemcached memcached;
    TestStore s({named(memcached)}, trusting_options());
    REQUIRE(s.connects());
    for (int i = 0; i < 200; ++i) {
        s.store().store("key" + std::to_string(i),
                        std::string(20'000, static_cast<char>('a' + i % 26)),
                        60s);
    }
    const auto fetches = s.begin_fetches(200, "key");
    CHECK(s.loop.run_until([&] { return fetches.back()->done; }));
    for (int i = 0; i < 200; ++i) {
        const bool right = fetches[i]->result.value ==
                           std::string(20'000, static_cast<char>('a' + i % 26));
        CHECK(right);
    }
}

TEST_CASE("memcached tls: a server of another name is refused") {
    TlsMemcached memcached;
    TestStore s({named(memcached, "another.example.com")}, trusting_options());
    CHECK(s.logs("unavailable: TLS handshake failed: certificate verify"));
    CHECK(s.logged("connected") == 0);
}

TEST_CASE("memcached tls: one that speaks plainly is refused") {
    MemcachedServer memcached({}, MemcachedServer::Listen::at_port);
    TestStore s({at(memcached.address())}, trusting_options());
    CHECK(s.logs("unavailable: TLS handshake failed: "));
    CHECK(s.logged("connected") == 0);
}

TEST_CASE("memcached tls: several, each by its own name") {
    TlsMemcached first;
    TlsMemcached second;
    TestStore s({named(first), named(second)}, trusting_options());
    REQUIRE(s.connects(2));
    for (int i = 0; i < 100; ++i) {
        s.put("key" + std::to_string(i), "value");
        CHECK(s.fetch("key" + std::to_string(i)).value == "value");
    }
    TestStore wrong({named(first), named(second, "other.example.com")},
                    trusting_options());
    CHECK(wrong.connects(1));
    CHECK(wrong.logs("unavailable: TLS handshake failed: "));
}

TEST_CASE("memcached tls: frozen, killed and restarted") {
    TlsMemcached memcached;
    TestStore s({named(memcached)}, trusting_options());
    REQUIRE(s.connects());
    memcached.freeze();
    const auto fetch = s.begin_fetch("key");
    s.loop.run_turns(5);
    s.loop.skip(patience);
    CHECK(s.loop.run_until([&] { return fetch->done; }));
    CHECK(fetch->result.status == Status::timeout);
    memcached.kill9();
    memcached.start();
    CHECK(s.connects(2));
    s.put("key", "value");
    CHECK(s.fetch("key").value == "value");
}
