// Handshakes whose story is easily told wrong.

#include "debug/observed.hpp"
#include "debug/script.hpp"
#include "debug/stories/log_join.hpp"

#include <doctest/doctest.h>

using namespace support;
using debug::End;
using std::chrono::microseconds;
using std::chrono::milliseconds;

namespace {

// The next client, which offers session n.
void greet(Script& script, std::vector<RawTcp>& clients, int n) {
    RawTcp& tcp = clients.emplace_back(10 + n, 40000, 443);
    script.add(tcp.open());
    script.add(tcp.say(client_hello({id(n)})));
}

// The session that a story's client offers.
int number_of(const debug::Story& story) {
    return story.offered.at(0).shown[1] - '0';
}

// Of eight sessions, by number.
void check_odd_ones_hit(const Observed& observed) {
    REQUIRE(observed.stories.size() == 8);
    for (const auto& story : observed.stories) {
        const int n = number_of(story);
        CAPTURE(n);
        CHECK(story.status == (n % 2 == 1 ? "HIT" : "MISS"));
    }
    // One more may be that of another command.
    for (const auto count :
         {observed.summary.stores().hits, observed.summary.stores().misses}) {
        CHECK(count >= 4);
        CHECK(count <= 5);
    }
}

}  // namespace

TEST_CASE("hard cases: cut off before the ServerHello") {
    Script script;
    RawTcp tcp(5, 40000, 443);
    RawTcp store(2, 50000, 6379);
    script.add(store.open());
    script.add(tcp.open());
    std::string status = "?";
    std::string note;
    std::size_t offered = 1;
    bool asks = false;
    SUBCASE("TLS 1.2, and the store is asked in vain") {
        script.add(tcp.say(client_hello({id(1)})));
        asks = true;
        note = "nor an answer from the store";
    }
    SUBCASE("TLS 1.3, with an identity") {
        script.add(tcp.say(
            client_hello({id(2), tls13_offered() + identities({id(1)})})));
        note = "what became of the session";
    }
    SUBCASE("TLS 1.3, and the ID was a session's") {
        script.add(tcp.say(client_hello({id(1), tls13_offered()})));
        asks = true;
        note = "nor an answer from the store";
    }
    SUBCASE("TLS 1.3, and whose the ID was is not known") {
        script.add(tcp.say(client_hello({id(1), tls13_offered()})));
        note = "made up";
    }
    SUBCASE("nothing offered") {
        script.add(tcp.say(client_hello({})));
        status = "-";
        offered = 0;
    }
    if (asks) {
        script.add(store.say(redis_get(key(1))));
    }
    script.wait(milliseconds(900));
    script.add(tcp.close());
    const auto story = script.only();
    CHECK(story.end == End::broken_off);
    CHECK(story.status == status);
    CHECK(story.offered.size() == offered);
    CHECK((note.empty() || has_note(story, note)));
}

TEST_CASE("hard cases: a ticket of TLS 1.2, without an ID") {
    Script script;
    RawTcp tcp(5, 40000, 443);
    script.add(tcp.open());
    script.add(tcp.say(client_hello({"", extension(35, "ticket")})));
    const std::string ticket = record(22, message(4, "a new one"));
    bool resumed = true;
    SUBCASE("resumed, with a new ticket") {
        script.add(tcp.answer(server_hello({}) + ticket + finished()));
        script.add(tcp.say(finished()));
    }
    SUBCASE("resumed, with the same one") {
        script.add(tcp.answer(server_hello({}) + finished()));
        script.add(tcp.say(finished()));
    }
    SUBCASE("not resumed") {
        script.add(tcp.answer(server_hello({}) +
                              record(22, message(11, "certificate")) +
                              record(22, message(14, ""))));
        script.add(tcp.say(record(22, message(16, "key")) + finished()));
        script.add(tcp.answer(ticket + finished()));
        resumed = false;
    }
    const auto story = script.only();
    CHECK(story.end == (resumed ? End::resumed : End::full));
    CHECK(story.by_ticket == resumed);
    CHECK(story.status == "-");
    CHECK(story.handshake.has_value());
}

TEST_CASE("hard cases: a client of TLS 1.3 that refuses") {
    Script script;
    RawTcp tcp(5, 40000, 443);
    script.add(tcp.open());
    bool early = false;
    std::size_t size = 0;
    bool refuses = true;
    SUBCASE("an alert") {
        size = 19;
    }
    SUBCASE("an alert, with a short tag") {
        size = 11;
    }
    SUBCASE("with early data") {
        size = 19;
        early = true;
    }
    SUBCASE("no: a Finished") {
        size = 53;
        refuses = false;
    }
    SUBCASE("no: a Finished with a short tag") {
        size = 45;
        refuses = false;
    }
    SUBCASE("no: the end of early data") {
        size = 21;
        early = true;
        refuses = false;
    }
    script.add(tcp.say(client_hello(
        {id(1), tls13_offered() + (early ? extension(42, "") : "")})));
    script.add(tcp.answer(server_hello({id(1), tls13_chosen()}) +
                          record(20, "\1") +
                          record(23, std::string(900, 'e'))));
    script.add(tcp.say(record(20, "\1") + record(23, std::string(size, 'a'))));
    script.add(tcp.close());
    const auto story = script.only();
    CHECK(story.end == (refuses ? End::broken_off : End::full));
    CHECK(story.handshake.has_value() != refuses);
}

TEST_CASE("hard cases: the place of an identity is the last hello's") {
    Script script;
    RawTcp tcp(5, 40000, 443);
    RawTcp store(2, 50000, 6379);
    script.add(store.open());
    script.add(tcp.open());
    script.add(tcp.say(
        client_hello({id(3), tls13_offered() +
                                 identities({std::string(200, 'T'), id(1)})})));
    script.add(tcp.answer(server_hello({id(3), tls13_chosen(), true})));
    script.add(
        tcp.say(client_hello({id(3), tls13_offered() + identities({id(1)})})));
    script.add(store.say(redis_get(key(1))));
    script.add(store.answer(hit));
    script.add(
        tcp.answer(server_hello({id(3), tls13_chosen() + chosen_identity(0)})));
    script.add(tcp.say(record(23, std::string(60, 'f'))));
    const auto story = script.only();
    CHECK(story.status == "HIT");
    CHECK_FALSE(story.by_ticket);
    CHECK(story.retry);
    REQUIRE(story.offered.size() == 1);
    CHECK(story.offered[0].kind == debug::Offered::Kind::psk);
}

TEST_CASE("hard cases: what precedes TLS") {
    Script script;
    RawTcp tcp(5, 40000, 443);
    script.add(tcp.open());
    const std::string signature("\r\n\r\n\0\r\nQUIT\n", 12);
    std::string proxied;
    std::string first;
    SUBCASE("PROXY, in text") {
        first = "PROXY TCP4 1.2.3.4 10.0.0.1 5555 443\r\n";
        proxied = "1.2.3.4:5555";
    }
    SUBCASE("PROXY, in text, of IPv6") {
        first = "PROXY TCP6 2001:db8::1 ::1 5555 443\r\n";
        proxied = "[2001:db8::1]:5555";
    }
    SUBCASE("PROXY, of an unknown client") {
        first = "PROXY UNKNOWN\r\n";
    }
    SUBCASE("PROXY, in binary, with more than addresses") {
        first = signature + std::string("\x21\x11\0\x0f"
                                        "\1\2\3\4\12\0\0\1\x15\xb3\1\xbb\4\0\0",
                                        19);
        proxied = "1.2.3.4:5555";
    }
    SUBCASE("PROXY, in binary, of the proxy itself") {
        first = signature + std::string("\x20\0\0\0", 4);
    }
    SUBCASE("SMTP") {
        script.add(tcp.answer("220 mail.example ESMTP\r\n"));
        script.add(tcp.say("EHLO there\r\n"));
        script.add(tcp.answer("250-mail.example\r\n250 STARTTLS\r\n"));
        script.add(tcp.say("STARTTLS\r\n"));
        script.add(tcp.answer("220 go ahead\r\n"));
    }
    SUBCASE("IMAP") {
        script.add(tcp.answer("* OK here\r\n"));
        script.add(tcp.say("a1 STARTTLS\r\n"));
        script.add(tcp.answer("a1 OK\r\n"));
    }
    SUBCASE("POP3") {
        script.add(tcp.answer("+OK here\r\n"));
        script.add(tcp.say("STLS\r\n"));
        script.add(tcp.answer("+OK\r\n"));
    }
    const bool apart = first.size() % 2 == 0;
    const auto hello = client_hello({id(1), server_name("x")});
    if (apart) {
        for (const char byte : first) {
            script.add(tcp.say({&byte, 1}));
        }
        script.add(tcp.say(hello.substr(0, 2)));
        script.add(tcp.say(hello.substr(2)));
    } else {
        script.add(tcp.say(first + hello));
    }
    end12(script, tcp, 1, true);
    for (const auto& roles : {debug::Roles(), debug::Roles{{443}, {}}}) {
        const auto story = script.only(roles);
        CHECK(story.end == End::resumed);
        CHECK(story.server_name == "x");
        CHECK(has_note(story, "the client of the proxy is " + proxied) !=
              proxied.empty());
    }
}

TEST_CASE("hard cases: what is no TLS at all is said") {
    Script script;
    RawTcp tcp(5, 40000, 443);
    script.add(tcp.open());
    script.add(tcp.say("GET / HTTP/1.1\r\n\r\n"));
    const auto observed = script.observe({{443}, {}});
    CHECK(observed.stories.empty());
    REQUIRE(observed.summary.reservations().size() == 1);
    CHECK(observed.summary.reservations()[0].find("did not begin with TLS") !=
          std::string::npos);
}

TEST_CASE("hard cases: other ports than those that are given") {
    Script script;
    RawTcp tcp(5, 40000, 8443);
    script.add(tcp.open());
    script.add(tcp.say(client_hello({id(1)})));
    end12(script, tcp, 1, true);
    CHECK(script.observe({{443}, {}}).stories.empty());
    CHECK(script.observe({}).stories.size() == 1);
    CHECK(script.observe({{}, {debug::read_store("redis:6379")}})
              .stories.size() == 1);
    RawTcp store(2, 50000, 6379);
    script.add(store.open());
    script.add(store.say(redis_get(key(1))));
    CHECK(script.observe({{}, {debug::read_store("memcached:11211")}})
              .summary.stores()
              .unanswered == 0);
    CHECK(script.observe({{443}, {}}).summary.stores().unanswered == 1);
}

// Sessions 1 to 8, of which the odd ones are in the store.
TEST_CASE("hard cases: replies that are not their commands'") {
    Script script;
    RawTcp store(2, 50000, 6379);
    int behind = 0;
    SUBCASE("a reply that was captured before its command") {
        script.add(store.open());
        script.add(store.answer(miss));
        script.add(store.say(redis_get(key(0))));
    }
    SUBCASE("so, and the other end was seen first") {
        script.add(store.open());
        script.add(store.say("*1\r\n$4\r\nPING\r\n"));
        script.add(store.answer("+PONG\r\n"));
        script.add(store.answer(miss));
        script.add(store.say(redis_get(key(0))));
    }
    SUBCASE("a command whose reply the capture lacks") {
        script.add(store.open());
        script.add(store.say(redis_get(key(0))));
    }
    SUBCASE("a start with one command under way") {
        behind = 1;
    }
    SUBCASE("a start with three commands under way") {
        behind = 3;
    }
    std::vector<RawTcp> clients;
    const auto reply = [&](int n) {
        script.add(store.answer(n > 0 && n % 2 == 1 ? hit : miss));
        if (n > 0) {
            end12(script, clients[static_cast<std::size_t>(n - 1)], n,
                  n % 2 == 1);
        }
    };
    for (int n = 1; n <= 8; ++n) {
        greet(script, clients, n);
        script.add(store.say(redis_get(key(n))));
        reply(n - behind);
    }
    for (int n = 9 - behind; n <= 8; ++n) {
        reply(n);
    }
    const auto observed =
        script.observe({{443}, {debug::read_store("redis:6379")}});
    check_odd_ones_hit(observed);
}

TEST_CASE("hard cases: of two ways to move replies the likelier one is taken") {
    Script script;
    RawTcp store(2, 50000, 6379);
    std::vector<RawTcp> clients;
    for (int n = 1; n <= 7; ++n) {
        greet(script, clients, n);
        script.add(store.say(redis_get(key(n))));
    }
    // The first reply is that of a command from before the capture.
    script.add(store.answer(hit + miss + miss + hit + miss + miss + miss));
    for (int n = 1; n <= 6; ++n) {
        end12(script, clients[static_cast<std::size_t>(n - 1)], n, n == 3);
    }
    script.add(store.answer(miss));
    const auto observed =
        script.observe({{443}, {debug::read_store("redis:6379")}});
    REQUIRE(observed.stories.size() == 7);
    for (const auto& story : observed.stories) {
        const int n = number_of(story);
        CAPTURE(n);
        // The first hit could be the third session's, too. Then the sixth one
        // would have been refused.
        CHECK(story.status == (n == 3 ? "HIT" : n == 7 ? "?" : "MISS"));
    }
}

TEST_CASE("hard cases: a reply in its command's microsecond is not early") {
    Script script;
    RawTcp store(2, 50000, 6379);
    std::vector<RawTcp> clients;
    std::string commands;
    for (int n = 1; n <= 9; ++n) {
        greet(script, clients, n);
        commands += redis_get(key(n));
    }
    script.add(store.say(commands));
    script.now() -= microseconds(10);
    // The first reply is that of a command from before the capture.
    script.add(store.answer(miss + miss + miss + hit + miss + hit + miss +
                            miss + miss));
    for (int n = 1; n <= 6; ++n) {
        end12(script, clients[static_cast<std::size_t>(n - 1)], n, n == 3);
    }
    script.add(store.answer(miss));
    const auto observed =
        script.observe({{443}, {debug::read_store("redis:6379")}});
    REQUIRE(observed.stories.size() == 9);
    for (const auto& story : observed.stories) {
        const int n = number_of(story);
        CAPTURE(n);
        // With other commands the first session would have been refused.
        CHECK((n > 6 || story.status == (n == 3   ? "HIT"
                                         : n == 5 ? "INVALID"
                                                  : "MISS")));
    }
}

TEST_CASE("hard cases: replies of memcached that are not their commands'") {
    Script script;
    RawTcp store(2, 50000, 11211);
    std::vector<RawTcp> clients;
    const auto value = [](int n) {
        return "VALUE " + key(n) + " 0 3\r\nabc\r\nEND\r\n";
    };
    const auto reply = [&](int n) {
        script.add(store.answer(n % 2 == 1 ? value(n) : "END\r\n"));
        if (n > 0) {
            end12(script, clients[static_cast<std::size_t>(n - 1)], n,
                  n % 2 == 1);
        }
    };
    int first = 0;
    SUBCASE("a miss under way") {}
    SUBCASE("two of them") {
        first = -1;
        // It is the odd ones that are there.
    }
    for (int n = 1; n <= 8; ++n) {
        greet(script, clients, n);
        script.add(store.say("get " + key(n) + "\r\n"));
        if (n + first - 1 <= 0) {
            script.add(store.answer("END\r\n"));
        } else {
            reply(n + first - 1);
        }
    }
    for (int n = 8 + first; n <= 8; ++n) {
        reply(n);
    }
    const auto observed =
        script.observe({{443}, {debug::read_store("memcached:11211")}});
    check_odd_ones_hit(observed);
}

TEST_CASE("hard cases: a resumption after a miss is not told as certain") {
    Script script;
    RawTcp store(2, 50000, 6379);
    RawTcp tcp(5, 40000, 443);
    look_up(script, store, tcp, 1, miss);
    end12(script, tcp, 1, true);
    const auto story = script.only();
    CHECK(story.status == "?");
    CHECK(has_note(story, "answers another command"));
}

TEST_CASE("hard cases: a clock that is set back, or forward") {
    Script script;
    const auto before = script.now();
    const auto step = [&](int n) {
        RawTcp tcp(10 + static_cast<std::uint32_t>(n), 40000, 443);
        script.add(tcp.open());
        script.add(tcp.say(client_hello({id(n)})));
        if (n == 2) {
            script.now() -= std::chrono::hours(1);
        }
        end12(script, tcp, n, true);
    };
    step(1);
    step(2);
    script.wait(std::chrono::seconds(1));
    step(3);
    const auto stories = script.observe().stories;
    REQUIRE(stories.size() == 3);
    for (const auto& story : stories) {
        CHECK(story.handshake.value() < milliseconds(1));
        CHECK(story.handshake.value() >= microseconds(0));
    }
    CHECK(stories[0].begin.time_since_epoch() < before + milliseconds(1));
    CHECK(stories[1].begin.time_since_epoch() < before + milliseconds(1));
    CHECK(stories[2].begin.time_since_epoch() <
          before - std::chrono::minutes(59));
}

TEST_CASE("hard cases: lookups of HTTP/3 get the hint that is theirs") {
    Script script;
    RawTcp store(2, 50000, 6379);
    script.add(store.open());
    script.add(store.say(redis_get(key(1))));
    const auto before = script.observe().summary.hints();
    const std::string udp("\x9c\x40\x01\xbb\x04\xb8\0\0", 8);
    const std::string initial("\xc3\0\0\0\1\10", 6);
    script.add(ipv4(5, 1, 17, udp + initial + std::string(1200, 'q')));
    const auto after = script.observe().summary.hints();
    REQUIRE(before.size() == 1);
    REQUIRE(after.size() == 1);
    CHECK(before[0].find("--key") != std::string::npos);
    CHECK(after[0].find("HTTP/3") != std::string::npos);
    CHECK(after[0].find("--key") == std::string::npos);
}

TEST_CASE("hard cases: what else a worker asks of a store") {
    Script script;
    RawTcp store(2, 50000, 6379);
    script.add(store.open());
    const std::string digits = key(1).substr(8);
    const auto claim = [&] {
        const std::string name = "ngx_ssl:early:" + digits;
        script.add(store.say("*6\r\n$3\r\nSET\r\n$" +
                             std::to_string(name.size()) + "\r\n" + name +
                             "\r\n$1\r\n1\r\n$2\r\nEX\r\n$2\r\n60\r\n"
                             "$2\r\nNX\r\n"));
    };
    claim();
    script.add(store.answer("+OK\r\n"));
    claim();
    script.add(store.answer(miss));
    script.add(store.say(redis_get("ngx_ssl:seed:" + digits.substr(32)) +
                         redis_get("ngx_ssl:slot:" + digits.substr(32)) +
                         redis_get("ngx_ssl:keys") + redis_get(key(2))));
    script.add(store.answer(hit + miss + hit + hit));
    const auto counts = script.observe().summary.stores();
    CHECK(counts.claims == 2);
    CHECK(counts.replays == 1);
    CHECK(counts.sets == 0);
    CHECK(counts.seeds == 2);
    CHECK(counts.unjoined == 1);
    CHECK(counts.hits == 3);
    CHECK(counts.misses == 1);
}

TEST_CASE("hard cases: how it ended the log knows better") {
    debug::Story wire;
    wire.end = End::broken_off;
    wire.status = wire.wire_status = "HIT";
    debug::Story log;
    log.end = End::resumed;
    log.status = "HIT";
    log.handshake = milliseconds(3);
    const auto served = debug::merged(wire, log);
    CHECK(served.end == End::resumed);
    CHECK(served.handshake == milliseconds(3));
    CHECK(has_note(served, "on the wire it looks broken off"));

    wire.end = End::full;
    wire.handshake = milliseconds(1);
    log.end = End::broken_off;
    log.handshake.reset();
    const auto refused = debug::merged(wire, log);
    CHECK(refused.end == End::broken_off);
    CHECK_FALSE(refused.handshake.has_value());
}

TEST_CASE("hard cases: the first replies may be those of before the capture") {
    Script script;
    RawTcp store(2, 50000, 6379);
    std::vector<RawTcp> clients;
    const auto ask = [&](int n) {
        greet(script, clients, n);
        script.add(store.say(redis_get(key(n))));
    };
    const auto finish = [&](int n) {
        end12(script, clients[static_cast<std::size_t>(n - 1)], n, false);
    };
    std::string first = "MISS";
    std::string second;
    SUBCASE("one, and then nothing is under way") {
        ask(1);
        script.add(store.answer(hit));
        script.add(store.answer(miss));
        finish(1);
    }
    SUBCASE("two of them") {
        ask(1);
        script.add(store.answer(hit));
        script.add(store.answer(hit));
        script.add(store.answer(miss));
        finish(1);
    }
    SUBCASE("and more is always under way") {
        ask(1);
        script.add(store.answer(hit));
        ask(2);
        script.add(store.answer(miss));
        finish(1);
        ask(3);
        script.add(store.answer(hit));
        finish(2);
        first = second = "?";
        // It ends before the last one is answered.
        script.add(store.say(redis_get(key(4)) + redis_get(key(5))));
    }
    SUBCASE("no: what was asked first is refused indeed") {
        ask(1);
        script.add(store.answer(hit));
        finish(1);
        first = "INVALID";
    }
    SUBCASE("no: it has been quiet before") {
        script.add(store.say(redis_get("x")));
        script.add(store.answer(hit));
        script.wait(milliseconds(200));
        ask(1);
        ask(2);
        script.add(store.answer(hit));
        finish(1);
        first = "INVALID";
        script.add(store.say(redis_get(key(4)) + redis_get(key(5))));
    }
    SUBCASE("no: replies of different kinds are where they belong") {
        script.add(store.say(redis_get("x") + "*1\r\n$4\r\nPING\r\n"));
        script.add(store.answer(hit + "+PONG\r\n"));
        ask(1);
        ask(2);
        script.add(store.answer(hit));
        finish(1);
        first = "INVALID";
        script.add(store.say(redis_get(key(4)) + redis_get(key(5))));
    }
    const auto observed =
        script.observe({{443}, {debug::read_store("redis:6379")}});
    const auto status = [&](int n) {
        const auto found = std::find_if(
            observed.stories.begin(), observed.stories.end(),
            [&](const auto& story) { return number_of(story) == n; });
        return found->status;
    };
    CHECK(status(1) == first);
    if (!second.empty()) {
        CHECK(status(2) != "INVALID");
        CHECK(has_note(observed.stories[0], "may answer another command"));
    }
}

TEST_CASE("hard cases: memcached's binary replies are those of their numbers") {
    const auto packet = [](unsigned magic, int number, const std::string& name,
                           const std::string& value, unsigned status) {
        const auto size =
            static_cast<std::uint32_t>(name.size() + value.size());
        return big_endian(magic << 8, 2) +
               big_endian(static_cast<std::uint32_t>(name.size()), 2) +
               big_endian(status, 4) + big_endian(size, 4) +
               big_endian(static_cast<std::uint32_t>(number + 100), 4) +
               std::string(8, '\0') + name + value;
    };
    Script script;
    RawTcp store(2, 50000, 11211);
    std::vector<RawTcp> clients;
    int behind = 0;
    SUBCASE("one was under way") {
        behind = 1;
    }
    SUBCASE("three were") {
        behind = 3;
    }
    SUBCASE("one is lost") {}
    const auto reply = [&](int n) {
        const bool there = n % 2 != 0;
        script.add(store.answer(
            packet(0x81, n, "", there ? "abc" : "none", there ? 0 : 1)));
        if (n > 0) {
            end12(script, clients[static_cast<std::size_t>(n - 1)], n, there);
        }
    };
    if (behind == 0) {
        script.add(store.say(packet(0x80, 0, key(0), "", 0)));
    }
    for (int n = 1; n <= 8; ++n) {
        greet(script, clients, n);
        script.add(store.say(packet(0x80, n, key(n), "", 0)));
        reply(n - behind);
    }
    for (int n = 9 - behind; n <= 8; ++n) {
        reply(n);
    }
    check_odd_ones_hit(
        script.observe({{443}, {debug::read_store("memcached:11211")}}));
}
