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

debug::Story only(const std::vector<Packet>& packets,
                  const debug::Roles& roles = {},
                  const debug::Names& names = debug::Names()) {
    auto observed =
        observe(capture_file(Link::ethernet, packets), roles, names);
    REQUIRE(observed.stories.size() == 1);
    return observed.stories.front();
}

debug::Story only(Scene& scene, const debug::Names& names = debug::Names()) {
    return only(scene.packets(), {}, names);
}

// A cluster of which one server, that of the scene, is configured.
debug::Roles one_of_several() {
    debug::Roles roles{{443}, {debug::read_store("redis:10.0.0.9:6379")}};
    roles.stores.front().cluster = true;
    return roles;
}

// Another of its servers, as the worker's connection to it begins.
TcpScript other_server(Scene& scene, bool from_middle = false) {
    return {{"10.0.0.1", 41990},
            {"10.0.0.10", 6380},
            scene.packets().front().time,
            from_middle};
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

TEST_CASE("stories: a lookup that follows a redirect") {
    const Returning visit(TLS1_3_VERSION);
    Scene scene;
    scene.play(visit.again);
    scene.ask(milliseconds(1), redis_get(visit.key));
    bool asking = false;
    bool from_middle = false;
    SUBCASE("MOVED") {}
    SUBCASE("MOVED, to whom there has been a connection for long") {
        from_middle = true;
    }
    SUBCASE("ASK") {
        asking = true;
    }
    scene.answer(milliseconds(2), std::string(asking ? "-ASK" : "-MOVED") +
                                      " 3999 10.0.0.10:6380\r\n");
    auto other = other_server(scene, from_middle);
    if (from_middle) {
        other.say(From::client, "*1\r\n$4\r\nPING\r\n");
        other.say(From::server, "+PONG\r\n");
    }
    other.wait(milliseconds(3));
    other.say(From::client,
              (asking ? "*1\r\n$6\r\nASKING\r\n" : "") + redis_get(visit.key));
    other.say(From::server, (asking ? "+OK\r\n" : "") + redis_hit(171));

    const auto packets = merged({scene.packets(), other.packets()});
    for (const auto& roles : {one_of_several(), debug::Roles()}) {
        const auto story = only(packets, roles);
        CHECK(story.status == "HIT");
        CHECK(kinds(story) == "client_hello store_get store_redirect store_get "
                              "store_hit server_hello completed");
        CHECK(story.events[1].text.find("41880 → 10.0.0.9:6379") !=
              std::string::npos);
        CHECK(story.events[2].text ==
              (asking ? "redis ASK, sent to 10.0.0.10:6380"
                      : "redis MOVED, sent to 10.0.0.10:6380"));
        CHECK(story.events[3].text.find("41990 → 10.0.0.10:6380") !=
              std::string::npos);
        CHECK(story.notes.empty());
    }
}

TEST_CASE("stories: what a redirected lookup comes to elsewhere") {
    const Returning visit(TLS1_2_VERSION, false);
    Scene scene;
    scene.play(visit.again);
    scene.ask(milliseconds(1), redis_get(visit.key));
    scene.answer(milliseconds(2), "-MOVED 3999 10.0.0.10:6380\r\n");
    auto other = other_server(scene);
    other.wait(milliseconds(3));
    std::string status = "?";
    SUBCASE("it is not seen") {}
    SUBCASE("a miss") {
        other.say(From::client, redis_get(visit.key));
        other.say(From::server, "$-1\r\n");
        status = "MISS";
    }
    SUBCASE("no answer") {
        other.say(From::client, redis_get(visit.key));
        status = "TIMEOUT";
    }
    SUBCASE("a value that is refused") {
        other.say(From::client, redis_get(visit.key));
        other.say(From::server, redis_hit(171));
        status = "INVALID";
    }
    const auto story =
        only(merged({scene.packets(), other.packets()}), one_of_several());
    CHECK(story.status == status);
}

TEST_CASE("stories: a cluster has nobody for the session") {
    const Returning visit(TLS1_3_VERSION, false);
    Scene scene;
    scene.play(visit.again);
    scene.ask(milliseconds(1), redis_get(visit.key));
    scene.answer(milliseconds(2), "-CLUSTERDOWN Hash slot not served\r\n");
    const auto story = only(scene);
    CHECK(story.status == "MISS");
    CHECK_FALSE(story.never_stored);
    CHECK(kinds(story) ==
          "client_hello store_get store_away server_hello completed");
    CHECK(story.events[2].text == "redis CLUSTERDOWN");
    CHECK(story.notes.size() == 1);
}

TEST_CASE("stories: slots tell of the server that is asked") {
    const Returning visit(TLS1_3_VERSION);
    Scene scene;
    scene.store.say(From::client, "*2\r\n$7\r\nCLUSTER\r\n$5\r\nSLOTS\r\n");
    scene.store.say(From::server,
                    "*1\r\n*3\r\n:0\r\n:16383\r\n"
                    "*3\r\n$9\r\n10.0.0.10\r\n:6380\r\n$2\r\nid\r\n");
    scene.tls.wait(milliseconds(10));
    auto other = other_server(scene);
    scene.play(visit.again);
    other.wait(milliseconds(11));
    other.say(From::client, redis_get(visit.key));
    other.say(From::server, redis_hit(171));
    CHECK(only(merged({scene.packets(), other.packets()}), one_of_several())
              .status == "HIT");
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

    session_cache::NamingKeys keys;
    keys.emplace_back(KeyFiles::content('b'));
    keys.emplace_back(KeyFiles::content('a'));
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

TEST_CASE("stories: a shared lookup that is redirected is one story's") {
    const Returning visit(TLS1_3_VERSION);
    Scene one;
    Scene two(false, 50200);
    one.play(visit.again);
    two.play(visit.again);
    one.ask(milliseconds(1), redis_get(visit.key));
    one.answer(milliseconds(2), "-MOVED 1 10.0.0.10:6380\r\n");
    auto other = other_server(one);
    other.wait(milliseconds(3));
    other.say(From::client, redis_get(visit.key));
    other.say(From::server, redis_hit(171));
    const auto observed = observe(capture_file(
        Link::ethernet,
        merged({one.packets(), two.tls.packets(), other.packets()})));
    REQUIRE(observed.stories.size() == 2);
    for (const auto& story : observed.stories) {
        CHECK(story.status == "HIT");
        CHECK(kinds(story) == "client_hello store_get store_redirect store_get "
                              "store_hit server_hello completed");
    }
    CHECK_FALSE(observed.stories[0].shared);
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
