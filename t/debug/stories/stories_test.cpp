// The story of each kind of handshake, from captures made here.

#include "debug/observed.hpp"
#include "support/key_files.hpp"

#include <doctest/doctest.h>

using namespace support;
using debug::End;
using std::chrono::milliseconds;
using From = TcpScript::From;

namespace {

// A session, made and offered again to a server that has it or not.
struct Returning {
    RecordingServer server;
    RecordedHandshake first;
    RecordedHandshake again;
    std::string id;
    std::string key;

    explicit Returning(int version, bool known = true,
                       const std::string& groups = "P-256")
        : first(server.meet({version})) {
        if (!known) {
            server.forget();
        }
        again = server.meet({version, first.session, groups});
        REQUIRE(again.reused == known);
        id = session_id(first.session);
        key = "ngx_ssl:" + id;
    }
};

debug::Story only(Scene& scene, const debug::Names& names = debug::Names()) {
    auto observed =
        observe(capture_file(Link::ethernet, scene.packets()), {}, names);
    REQUIRE(observed.stories.size() == 1);
    return observed.stories.front();
}

const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

}  // namespace

TEST_CASE("stories: nothing offered") {
    for (const int version : versions) {
        RecordingServer server;
        Scene scene;
        scene.play(server.meet({version}));
        const auto story = only(scene);
        CHECK(story.end == End::full);
        CHECK(story.status == "-");
        CHECK(story.server_name == "shop.example");
        CHECK(story.protocol ==
              (version == TLS1_2_VERSION ? "TLSv1.2" : "TLSv1.3"));
        CHECK(story.offered.empty());
        CHECK(story.handshake.value() >= milliseconds(5));
        CHECK(kinds(story) == "client_hello server_hello completed");
    }
}

TEST_CASE("stories: a hit in the store") {
    for (const int version : versions) {
        const Returning visit(version);
        Scene scene;
        scene.play(visit.again);
        scene.ask(milliseconds(1), redis_get(visit.key));
        scene.answer(milliseconds(2), redis_hit(171));
        const auto story = only(scene);
        CHECK(story.end == End::resumed);
        CHECK(story.status == "HIT");
        REQUIRE(story.offered.size() == 1);
        CHECK(story.offered[0].shown ==
              visit.id.substr(0, 4) + "…" + visit.id.substr(62));
        CHECK(story.lookup.value() == milliseconds(1));
        CHECK(kinds(story) == "client_hello store_get store_hit server_hello "
                              "completed");
        CHECK(story.events[1].text.find("41880") != std::string::npos);
        CHECK(story.events[2].text == "redis HIT 171 bytes");
    }
}

TEST_CASE("stories: resumed without the store") {
    for (const int version : versions) {
        const Returning visit(version);
        Scene scene;
        scene.play(visit.again);
        CHECK(only(scene).status == "LOCAL");
    }
}

TEST_CASE("stories: a miss") {
    for (const int version : versions) {
        const Returning visit(version, false);
        Scene scene;
        scene.play(visit.again);
        scene.ask(milliseconds(1), redis_get(visit.key));
        scene.answer(milliseconds(2), "$-1\r\n");
        const auto story = only(scene);
        CHECK(story.end == End::full);
        CHECK(story.status == "MISS");
        CHECK(story.never_stored);
    }
}

TEST_CASE("stories: a miss of what was stored") {
    const Returning visit(TLS1_2_VERSION, false);
    Scene scene;
    scene.play(visit.again);
    scene.store.say(From::client, "*4\r\n$5\r\nSETEX\r\n$72\r\n" + visit.key +
                                      "\r\n$3\r\n300\r\n$4\r\nabcd\r\n");
    scene.store.say(From::server, "+OK\r\n");
    scene.ask(milliseconds(1), redis_get(visit.key));
    scene.answer(milliseconds(2), "$-1\r\n");
    const auto story = only(scene);
    CHECK(story.status == "MISS");
    CHECK_FALSE(story.never_stored);
}

TEST_CASE("stories: no answer by the ServerHello") {
    const Returning visit(TLS1_3_VERSION, false);
    Scene scene;
    scene.play(visit.again);
    scene.ask(milliseconds(1), redis_get(visit.key));
    SUBCASE("at all") {}
    SUBCASE("but later") {
        scene.answer(milliseconds(20), redis_hit(171));
    }
    SUBCASE("and the worker gives up") {
        scene.store.close(From::client);
    }
    CHECK(only(scene).status == "TIMEOUT");
}

TEST_CASE("stories: the store goes away") {
    const Returning visit(TLS1_3_VERSION, false);
    Scene scene;
    scene.play(visit.again);
    scene.ask(milliseconds(1), redis_get(visit.key));
    SUBCASE("with a FIN") {
        scene.store.close(From::server);
    }
    SUBCASE("with a RST") {
        scene.store.reset(From::server);
    }
    CHECK(only(scene).status == "DOWN");
}

TEST_CASE("stories: the store is not asked, or refuses") {
    const Returning visit(TLS1_2_VERSION, false);
    Scene scene;
    scene.play(visit.again);
    SUBCASE("not asked") {}
    SUBCASE("refuses") {
        scene.ask(milliseconds(1), redis_get(visit.key));
        scene.answer(milliseconds(2), "-LOADING 'secret' in memory\r\n");
    }
    const auto story = only(scene);
    CHECK(story.status == "DOWN or BUSY");
    CHECK_FALSE(story.notes.empty());
    for (const auto& event : story.events) {
        CHECK(event.text.find("secret") == std::string::npos);
    }
}

TEST_CASE("stories: a value is refused") {
    for (const int version : versions) {
        const Returning visit(version, false);
        Scene scene;
        scene.play(visit.again);
        scene.ask(milliseconds(1), redis_get(visit.key));
        scene.answer(milliseconds(2), redis_hit(171));
        CHECK(only(scene).status == "INVALID");
    }
}

TEST_CASE("stories: with a HelloRetryRequest the store may be asked twice") {
    const Returning visit(TLS1_3_VERSION, true, "X25519:P-256");
    Scene scene;
    scene.play(visit.again, milliseconds(5));
    scene.ask(milliseconds(1), redis_get(visit.key));
    scene.answer(milliseconds(2), redis_hit(171));
    scene.ask(std::chrono::microseconds(5150), redis_get(visit.key));
    const auto story = only(scene);
    CHECK(story.retry);
    CHECK(story.end == End::resumed);
    CHECK(story.status == "HIT");
}

TEST_CASE("stories: resumed by a ticket") {
    for (const int version : versions) {
        RecordingServer server;
        server.use_tickets();
        const auto first = server.meet({version});
        const auto again = server.meet({version, first.session});
        REQUIRE(again.reused);
        Scene scene;
        scene.play(again);
        const auto story = only(scene);
        CHECK(story.end == End::resumed);
        CHECK(story.by_ticket);
        CHECK(story.status == "-");
    }
}

TEST_CASE("stories: sealed sessions are found with the key only") {
    const Returning visit(TLS1_3_VERSION);
    Scene scene;
    scene.play(visit.again);
    scene.ask(milliseconds(1),
              redis_get(KeyFiles::name('a', visit.first.session)));
    scene.answer(milliseconds(2), redis_hit(171));

    session_cache::SealingKeys keys;
    keys.push_back(KeyFiles::key('b'));
    keys.push_back(KeyFiles::key('a'));
    CHECK(only(scene, debug::Names(std::move(keys))).status == "HIT");
    CHECK(only(scene).status == "HIT or LOCAL");
}

TEST_CASE("stories: what else is asked of a store leaves no doubt") {
    const Returning visit(TLS1_3_VERSION);
    Scene scene;
    scene.play(visit.again);
    scene.ask(milliseconds(1), redis_get("somebody:else"));
    scene.answer(milliseconds(2), "$-1\r\n");
    CHECK(only(scene).status == "LOCAL");
}

TEST_CASE("stories: one lookup for two connections") {
    const Returning visit(TLS1_3_VERSION);
    Scene one;
    Scene two(false, 50200);
    one.play(visit.again);
    two.play(visit.again);
    one.ask(milliseconds(1), redis_get(visit.key));
    one.answer(milliseconds(3), redis_hit(171));
    const auto observed = observe(capture_file(
        Link::ethernet, merged({one.packets(), two.tls.packets()})));
    REQUIRE(observed.stories.size() == 2);
    CHECK(observed.stories[0].status == "HIT");
    // Its ClientHello was there before the lookup began.
    CHECK(observed.stories[1].status == "HIT");
    CHECK(observed.stories[1].shared);
}

TEST_CASE("stories: a client that goes away") {
    RecordingServer server;
    auto handshake = server.meet({TLS1_3_VERSION});
    handshake.flights.resize(1);
    Scene scene;
    scene.play(handshake);
    SUBCASE("with a FIN") {
        scene.tls.close(From::client);
    }
    SUBCASE("with a RST") {
        scene.tls.reset(From::client);
    }
    SUBCASE("with an alert") {
        scene.tls.say(From::server,
                      std::string("\x15\x03\x03\0\x02\x02\x46", 7));
    }
    const auto story = only(scene);
    CHECK(story.end == End::broken_off);
    CHECK(kinds(story) == "client_hello broken_off");
}

TEST_CASE("stories: IDs in full when they are asked for") {
    const Returning visit(TLS1_2_VERSION);
    Scene scene;
    scene.play(visit.again);
    scene.ask(milliseconds(1), redis_get(visit.key));
    const auto story = only(scene, debug::Names({}, true));
    CHECK(story.offered[0].shown == visit.id);
    CHECK(story.events[1].text.find(visit.key) != std::string::npos);
}
