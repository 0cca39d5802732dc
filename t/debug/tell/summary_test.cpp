// What is told of all handshakes together.

#include "debug/script.hpp"
#include "debug/stories/error_log.hpp"
#include "debug/stories/log_join.hpp"
#include "support/key_files.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <sstream>

using namespace support;
using namespace debug;

namespace {

const std::string head =
    "2023/11/14 22:13:20 [debug] 1234#1234: *57 remote ssl session cache: ";

// The story in these lines of a log, each of which has its time.
Story logged(const std::string& lines) {
    std::vector<Story> told;
    LogStories all([&](Story&& story) { told.push_back(std::move(story)); });
    std::istringstream text(
        "+0 us handshake begins, 10.0.0.5:40000 -> 10.0.0.1:443\n" + lines +
        "+900 us handshake done: TLSv1.2 resumed, HIT\n");
    for (std::string line; std::getline(text, line);) {
        const std::string whole = head + line;
        all.add(read_log_line(whole).value());
    }
    REQUIRE(told.size() == 1);
    return told[0];
}

bool has(const std::vector<std::string>& lines, const std::string& part) {
    return std::any_of(lines.begin(), lines.end(), [&](const auto& line) {
        return line.find(part) != std::string::npos;
    });
}

// A name of session 1 by a key of this letter.
std::string sealed_name(char letter) {
    const session_cache::NamingKey naming(KeyFiles::content(letter));
    const std::string session = id(1);
    const auto name =
        naming.name({reinterpret_cast<const unsigned char*>(session.data()),
                     session.size()});
    return hex({reinterpret_cast<const char*>(name.data()), name.size()});
}

Names names_of(const std::string& letters) {
    session_cache::NamingKeys keys;
    for (const char letter : letters) {
        keys.emplace_back(KeyFiles::content(letter));
    }
    return Names(std::move(keys));
}

// Session 1 is looked up under a sealed name, which has another one waiting.
Observed sealed_lookup(const std::string& keys, bool on_wire = true) {
    Script script;
    RawTcp store(1, 50000, 6379);
    RawTcp tcp(5, 40000, 443);
    script.add(store.open());
    script.add(tcp.open());
    script.add(tcp.say(client_hello({id(1)})));
    if (on_wire) {
        script.add(store.say(redis_get("ngx_ssl:" + sealed_name('a'))));
        script.add(store.answer(hit));
    }
    end12(script, tcp, 1, true);
    return script.observe({}, names_of(keys));
}

const std::string wrong = "the key of --key seems to be wrong";

}  // namespace

TEST_CASE("summary: without a store in the capture the log counts") {
    Summary summary;
    summary.add(logged("+1 us session 5f0c..a1 offered\n"
                       "+2 us local cache: miss\n"
                       "+3 us store asked for ngx_ssl:5f0c..a1, suspended\n"
                       "+4 us store: MISS, 0 bytes, after 100 us\n"
                       "+5 us store asked for ngx_ssl:77aa..bb, suspended\n"
                       "+6 us store: HIT, 171 bytes, after 231 us\n"
                       "+7 us store asked to claim ngx_ssl:early:5f0c..a1, "
                       "suspended\n"
                       "+8 us early data refused: it has been seen before\n"
                       "+9 us session 1111..22 stored as ngx_ssl:1111..22, 171 "
                       "bytes\n"));
    summary.add(logged("+4 us store: TIMEOUT, 0 bytes, after 100 us\n"
                       "+5 us store: DOWN, 0 bytes, after 1 us\n"
                       "+6 us store asked for the seed of a ticket, suspended\n"
                       "+7 us session 1111..22 removed\n"));
    CHECK(summary.stores_by() == Source::log);
    const auto& counts = summary.stores();
    CHECK(counts.hits == 1);
    CHECK(counts.misses == 1);
    CHECK(counts.unanswered == 1);
    CHECK(counts.errors == 1);
    CHECK(counts.sets == 1);
    CHECK(counts.erases == 1);
    CHECK(counts.claims == 1);
    CHECK(counts.replays == 1);
    CHECK(counts.seeds == 1);
    CHECK(summary.store_lines()[0] ==
          "the store, by the log: 1 hit, 1 miss, 1 error, 1 unanswered, 1 "
          "set, 1 delete");

    StoreCounts wire;
    wire.misses = 3;
    summary.add(wire);
    CHECK(summary.stores_by() == Source::wire);
    CHECK(summary.stores().misses == 3);
    CHECK(summary.store_lines()[0].starts_with("the store: 0 hits, 3 misses"));
}

TEST_CASE("summary: a key that names nothing is told") {
    const auto right = sealed_lookup("ba");
    CHECK(right.stories.at(0).status == "HIT");
    CHECK_FALSE(has(right.summary.hints(), wrong));

    const auto other = sealed_lookup("b");
    CHECK(other.stories.at(0).status == "HIT or LOCAL");
    CHECK(has(other.summary.hints(), wrong));
    CHECK_FALSE(has(other.summary.hints(), "--key is missing"));
    CHECK_FALSE(has(other.summary.hints(), "need --key"));

    const auto none = sealed_lookup("");
    CHECK_FALSE(has(none.summary.hints(), wrong));
    CHECK(has(none.summary.hints(), "sealed sessions need --key"));
}

TEST_CASE("summary: so it is when the log alone has the store") {
    for (const std::string keys : {"b", "ba"}) {
        const auto observed = sealed_lookup(keys, false);
        REQUIRE(observed.stories.size() == 1);
        const auto name = sealed_name('a');
        const auto log =
            logged("+3 us store asked for ngx_ssl:" + name.substr(0, 4) + ".." +
                   name.substr(62) +
                   ", suspended\n"
                   "+6 us store: HIT, 171 bytes, after 231 us\n");
        Summary summary;
        summary.add(merged(observed.stories[0], log));
        summary.add(observed.summary.stores());
        CHECK(has(summary.hints(), wrong) == (keys == "b"));
    }
}

TEST_CASE("summary: statuses that a log makes up are counted together") {
    Summary summary;
    Story story;
    for (int i = 0; i < 100; ++i) {
        story.status = std::to_string(i);
        summary.add(story);
    }
    summary.add(story);
    const auto& counted = summary.statuses();
    CHECK(counted.size() == 64 + 1);
    CHECK(counted.at("63") == 1);
    CHECK_FALSE(counted.contains("64"));
    CHECK(counted.at("?") == 37);
}
