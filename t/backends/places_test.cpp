// Which of a server's addresses to connect to.

#include "backends/places.hpp"
#include "support/allocations.hpp"
#include "support/test_store.hpp"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <new>

using backends::Places;
using namespace support;
using namespace std::chrono_literals;

namespace {

constexpr coro::Time now{1'000'000};

backends::Address v4(const std::string& host) {
    return store_address(Address{host, 6379});
}

backends::Address v6(const std::string& host) {
    backends::Address result{{}, sizeof(sockaddr_in6), "[" + host + "]:6379"};
    auto& in = reinterpret_cast<sockaddr_in6&>(result.storage);
    in.sin6_family = AF_INET6;
    inet_pton(AF_INET6, host.c_str(), &in.sin6_addr);
    return result;
}

std::vector<std::string>
texts(const std::vector<backends::Address>& addresses) {
    std::vector<std::string> result;
    for (const auto& address : addresses) {
        result.push_back(address.text);
    }
    return result;
}

// Whether `action` fails if memory is short.
template <class Action>
bool is_short_for(const Action& action) {
    const Allocations::Scope product(Allocations::Of::product);
    Allocations::fail(1);
    try {
        action();
    } catch (const std::bad_alloc&) {
        Allocations::heal();
        return true;
    }
    Allocations::heal();
    return false;
}

const auto a = v4("127.0.0.1");
const auto b = v4("127.0.0.2");
const auto c = v4("127.0.0.3");

}  // namespace

TEST_CASE("places: addresses have an order of their own, and each is one") {
    // as text, 127.0.0.10 would come first
    std::vector<backends::Address> addresses{v6("::2"), v4("127.0.0.10"),
                                             v6("::1"), v4("127.0.0.9"),
                                             v4("127.0.0.9")};
    backends::sort(addresses);
    CHECK(texts(addresses) ==
          std::vector<std::string>{"127.0.0.9:6379", "127.0.0.10:6379",
                                   "[::1]:6379", "[::2]:6379"});
}

TEST_CASE("places: a round has each address once") {
    Places places({a, b, c});
    CHECK(places.here().text == a.text);
    CHECK(places.next(now));
    CHECK(places.here().text == b.text);
    CHECK(places.next(now));
    CHECK(places.here().text == c.text);
    CHECK_FALSE(places.next(now));
    CHECK(places.here().text == a.text);
}

TEST_CASE("places: who has refused comes last") {
    Places places({a, b, c});
    places.hold(a, now);
    places.hold(b, now + 1s);
    places.restart(now + 2s);
    CHECK(places.here().text == c.text);
    CHECK_FALSE(places.has_other(now + 2s));
    CHECK(places.next(now + 2s));
    CHECK(places.here().text == a.text);
    CHECK(places.next(now + 2s));
    CHECK(places.here().text == b.text);

    places.restart(now + Places::first_hold);
    CHECK(places.here().text == a.text);
}

TEST_CASE("places: who goes on refusing is left alone for longer") {
    Places places({a, b});
    auto time = now;
    for (auto length = Places::first_hold; length <= Places::longest_hold;
         length *= 2) {
        CHECK(places.hold(a, time) == time + length);
        CHECK(places.hold(a, time + 1s) == time + length);  // changes nothing
        CHECK(places.is_held(a, time + length - 1ms));
        time += length;
        CHECK_FALSE(places.is_held(a, time));
    }
    CHECK(places.hold(a, time) == time + Places::longest_hold);

    // after a long time without trouble, or when it works, holds are short
    // again
    time += 4 * Places::longest_hold;
    CHECK(places.hold(a, time) == time + Places::first_hold);
    places.release(a);
    CHECK_FALSE(places.is_held(a, time));
    CHECK(places.hold(a, time) == time + Places::first_hold);
}

TEST_CASE("places: an address that goes and comes has refused all the same") {
    Places places({a});
    places.hold(a, now);
    places.replace({b});
    places.replace({a, b});
    places.restart(now + 1s);
    CHECK(places.here().text == b.text);
}

TEST_CASE("places: addresses without end leave nothing") {
    Places places({a});
    for (int i = 0; i < 100'000; ++i) {
        places.hold(v4("10.0." + std::to_string(i / 250 % 250) + "." +
                       std::to_string(i % 250)),
                    now);
    }
    places.hold(a, now);
    CHECK(places.is_held(a, now));
}

TEST_CASE("places: a better one comes before, and has not refused") {
    Places places({a, b, c});
    CHECK(places.better(now).empty());
    places.restart_at(b);
    CHECK(texts(places.better(now)) == std::vector{a.text});
    places.hold(a, now);
    CHECK(places.better(now).empty());

    // once the present one has refused, any other is better
    places.hold(b, now);
    CHECK(texts(places.better(now)) == std::vector{c.text});
    places.hold(c, now);
    CHECK(places.better(now).empty());
}

TEST_CASE("places: who is at no address of the name any more has to go") {
    Places places({a});
    places.replace({b, c});
    CHECK(places.here().text == a.text);
    CHECK(texts(places.better(now)) == std::vector{b.text, c.text});
}

TEST_CASE("places: short of memory, it is where it was as a whole") {
    const auto far = v6("2001:db8:1:2:3:4:5:6");  // takes memory of its own
    Places places({a, far});
    const auto stays = [&] {
        return places.here().text == a.text &&
               places.here().storage.ss_family == AF_INET;
    };
    CHECK(is_short_for([&] { places.next(now); }));
    CHECK(stays());
    CHECK(is_short_for([&] { places.restart_at(far); }));
    CHECK(stays());

    CHECK(places.next(now));
    CHECK(places.here().text == far.text);
}

TEST_CASE("places: of many addresses that are left alone the last ones count") {
    Places places({a, b});
    const auto nth = [](std::size_t n) {
        return v4("10.0." + std::to_string(n / 256) + '.' +
                  std::to_string(n % 256));
    };
    constexpr std::size_t most = 64;
    for (std::size_t n = 0; n <= most; ++n) {
        places.hold(nth(n), now);
    }
    CHECK_FALSE(places.is_held(nth(0), now));
    for (std::size_t n = 1; n <= most; ++n) {
        CHECK(places.is_held(nth(n), now));
    }
}
