// The module's debug lines, alone and joined with the wire.

#include "debug/stories/error_log.hpp"
#include "debug/stories/log_join.hpp"
#include "support/files.hpp"

#include <doctest/doctest.h>
#include <fstream>
#include <sstream>

using namespace debug;
using std::chrono::seconds;

namespace {

const std::string head =
    "2026/11/26 06:17:32 [debug] 1234#1234: *57 remote ssl session cache: ";

const std::string hit =
    head +
    "+0 us handshake begins, 127.0.0.1:50122 -> 127.0.0.1:443\n"
    "2026/11/26 06:17:32 [debug] 1234#1234: *57 SSL_do_handshake: -1\n" +
    head + "+35 us session 5f0c..a1 offered\n" + head +
    "+36 us local cache: miss\n" + head +
    "+38 us store asked for ngx_ssl:5f0c..a1, suspended\n" + head +
    "+40 us what nobody has heard of\n" + head +
    "+270 us store: HIT, 171 bytes, after 231 us\n" + head +
    "+1020 us handshake done: TLSv1.3 resumed, HIT\n";

std::vector<Story> stories(const std::string& log) {
    std::vector<Story> told;
    LogStories all([&](Story&& story) { told.push_back(std::move(story)); });
    std::istringstream text(log);
    for (std::string line; std::getline(text, line);) {
        if (auto read = read_log_line(line)) {
            all.add(*read);
        }
    }
    all.finish();
    return told;
}

Story on_wire(Time begin) {
    Story story;
    story.client = *read_endpoint("127.0.0.1:50122");
    story.server = *read_endpoint("127.0.0.1:443");
    story.begin = begin;
    story.on_wire = true;
    story.status = story.wire_status = "DOWN or BUSY";
    story.add(begin, "client_hello", "ClientHello");
    return story;
}

}  // namespace

TEST_CASE("error log: a story") {
    const auto told = stories(hit);
    REQUIRE(told.size() == 1);
    const auto& story = told[0];
    CHECK(text(story.client) == "127.0.0.1:50122");
    CHECK(text(story.server) == "127.0.0.1:443");
    CHECK(story.protocol == "TLSv1.3");
    CHECK(story.end == End::resumed);
    CHECK(story.status == "HIT");
    CHECK(story.status_source == Source::log);
    CHECK(story.lookup.value() == Microseconds(231));
    CHECK(story.handshake.value() == Microseconds(1020));
    REQUIRE(story.offered.size() == 1);
    CHECK(story.offered[0].shown == "5f0c…a1");
    REQUIRE(story.events.size() == 7);
    CHECK(story.events[4].kind == "other");
    CHECK(story.events[5].kind == "store_hit");
    CHECK(story.events[5].at == Microseconds(270));
}

TEST_CASE("error log: what breaks off, has no end, or begins anew") {
    CHECK(stories(head + "+0 us handshake begins, [::1]:1 -> [::1]:443\n" +
                  head + "+9 us handshake broken off\n")
              .at(0)
              .end == End::broken_off);
    const auto told =
        stories(head + "+0 us handshake begins, [::1]:1 -> [::1]:443\n" + hit);
    REQUIRE(told.size() == 2);
    CHECK(told[0].end == End::unknown);
    CHECK(told[0].status == "?");
    CHECK(told[1].status == "HIT");
}

TEST_CASE("error log: lines that are damaged") {
    for (std::size_t size = 0; size < hit.size(); ++size) {
        CHECK(stories(hit.substr(0, size)).size() <= 1);
        CHECK(stories(hit.substr(size)).size() <= 1);
    }
}

TEST_CASE("error log: a line that differs anywhere is another's") {
    const std::string line = head + "+35 us what";
    REQUIRE(read_log_line(line).has_value());
    const auto read = *read_log_line(line);
    CHECK(read.pid == 1234);
    CHECK(read.connection == 57);
    CHECK(read.at == Microseconds(35));
    CHECK(read.text == "what");
    for (std::size_t at = 0; at < line.size() - read.text.size(); ++at) {
        for (const char other : {'x', '\0', ' '}) {
            auto odd = line;
            odd[at] = other;
            CAPTURE(odd);
            CHECK((odd == line || !read_log_line(odd)));
        }
    }
    CHECK_FALSE(read_log_line(head + "+-5 us what").has_value());
    CHECK_FALSE(read_log_line(head + "+1000000000000001 us what").has_value());
}

TEST_CASE("error log: ends that are said in other words") {
    const auto ending = [](const std::string& end) {
        return stories(head + "+0 us handshake begins, [::1]:1 -> [::1]:443\n" +
                       head + "+9 us handshake done: " + end + "\n");
    };
    for (const std::string end :
         {"TLSv1.3", "TLSv1.3,", "TLSv1.3, HIT", "resumed", ""}) {
        const auto told = ending(end);
        REQUIRE(told.size() == 1);
        CHECK(told[0].end == End::unknown);
        CHECK(told[0].status == "?");
        CHECK(told[0].handshake == Microseconds(9));
    }
}

TEST_CASE("error log: joined with the wire by client and time") {
    const auto log = stories(hit).at(0);
    std::vector<Story> told;
    LogJoin join([&](Story&& story) { told.push_back(std::move(story)); },
                 std::nullopt);
    join.add_log(Story(log));
    join.add_wire(on_wire(log.begin + seconds(60)));
    join.add_wire(on_wire(log.begin + seconds(1)));
    join.finish();
    REQUIRE(told.size() == 2);
    CHECK_FALSE(told[0].in_log);
    const auto& story = told[1];
    CHECK(story.in_log);
    CHECK(story.on_wire);
    CHECK(story.status == "HIT");
    CHECK(story.status_source == Source::log);
    CHECK(story.lookup.value() == Microseconds(231));
    // The wire could not have known: it says so.
    CHECK(story.notes == std::vector<std::string>{
                             "on the wire the status looks like DOWN or BUSY"});
    CHECK(story.events.front().source == Source::wire);
    CHECK(story.events.back().source == Source::log);
}

TEST_CASE("error log: live, each waits for the other for a while") {
    const auto log = stories(hit).at(0);
    std::vector<Story> told;
    LogJoin join([&](Story&& story) { told.push_back(std::move(story)); },
                 seconds(2));
    join.advance(log.begin);
    join.add_wire(on_wire(log.begin));
    join.advance(log.begin + seconds(1));
    CHECK(told.empty());
    SUBCASE("it comes") {
        join.add_log(Story(log));
        REQUIRE(told.size() == 1);
        CHECK(told[0].in_log);
    }
    SUBCASE("it does not") {
        join.advance(log.begin + seconds(3));
        REQUIRE(told.size() == 1);
        CHECK_FALSE(told[0].in_log);
    }
}

TEST_CASE("error log: live, it may be ahead of the capture") {
    const auto log = stories(hit).at(0);
    std::vector<Story> told;
    LogJoin join([&](Story&& story) { told.push_back(std::move(story)); },
                 seconds(2));
    // Nobody has told the time yet.
    join.add_log(Story(log));
    join.advance(log.begin + seconds(1));
    CHECK(told.empty());
    join.add_wire(on_wire(log.begin));
    REQUIRE(told.size() == 1);
    CHECK(told[0].in_log);
    CHECK(told[0].on_wire);
}

TEST_CASE("error log: a log that grows, is cut and is rotated") {
    const support::TempDir dir;
    const auto path = dir.path() / "error.log";
    support::write_file(path, hit);
    LogFile log(path.string(), true);
    std::size_t lines = 0;
    const auto count = [&] {
        lines = 0;
        log.read([&](const LogLine& /*line*/) { ++lines; });
        return lines;
    };
    CHECK(count() == 0);
    std::ofstream(path, std::ios::app) << hit.substr(0, hit.size() - 4);
    CHECK(count() == 6);
    std::ofstream(path, std::ios::app) << hit.substr(hit.size() - 4);
    CHECK(count() == 1);
    support::write_file(path, head + "+1 us shorter\n");
    CHECK(count() == 1);
    std::filesystem::rename(path, dir.path() / "error.log.1");
    support::write_file(path, hit);
    CHECK(count() == 7);
}

TEST_CASE("error log: who writes into others' lines writes none of ours") {
    const std::string ours =
        "2026/11/26 06:17:32 [debug] 1234#1234: *57 remote ssl session cache: "
        "+0 us handshake begins, 127.0.0.1:50122 -> 127.0.0.1:443";
    CHECK(read_log_line(ours).has_value());
    const std::string marker = "remote ssl session cache: +0 us x";
    for (const auto& forged : std::vector<std::string>{
             // A Referer, a request, a header that is logged.
             "2026/11/26 06:17:32 [error] 1234#1234: *57 open() failed, "
             "client: "
             "10.0.0.1, referrer: \"http://x/ *1 " +
                 marker + "\"",
             "2026/11/26 06:17:32 [debug] 1234#1234: *57 http header: "
             "\"Referer: "
             "*57 " +
                 marker + "\"",
             "2026/11/26 06:17:32 [debug] 1234#1234: *57 http header: \"X: " +
                 ours,
             "x " + ours, ' ' + ours,
             "2026/11/26 06:17:32 [info] 1234#1234: *57 " + marker,
             "2026/11/26 06:17:32 [debug] 1234#1234: " + marker,
             "2026/11/26 06:17:32 [debug] 1234#1234: *57 a " + marker,
             // Times that are none.
             "2147483647/11/26 06:17:32 [debug] 1#1: *57 " + marker,
             "-2147483648/11/26 06:17:32 [debug] 1#1: *57 " + marker,
             head + "+9223372036854775807 us x",
             head + "+-9223372036854775807 us x"}) {
        CAPTURE(forged);
        CHECK_FALSE(read_log_line(forged).has_value());
    }
}

TEST_CASE("error log: the rest of a line is no line") {
    const support::TempDir dir;
    const auto path = dir.path() / "error.log";
    std::size_t lines = 0;
    const auto count = [&](LogFile& log) {
        lines = 0;
        const auto take = [&](const LogLine& /*line*/) { ++lines; };
        while (log.read(take)) {
        }
        return lines;
    };
    const std::string forged = head + "+0 us handshake begins\n";
    SUBCASE("where reading begins") {
        support::write_file(path, "half of a line, ");
        LogFile log(path.string(), true);
        std::ofstream(path, std::ios::app) << forged << forged;
        CHECK(count(log) == 1);
    }
    SUBCASE("of a line that is too long") {
        support::write_file(path, "");
        LogFile log(path.string(), true);
        std::ofstream(path, std::ios::app) << std::string(5'000, 'x');
        CHECK(count(log) == 0);
        std::ofstream(path, std::ios::app) << forged << forged;
        CHECK(count(log) == 1);
    }
}

TEST_CASE("error log: lengths of a lookup add up to no nonsense") {
    const auto told = stories(
        head + "+0 us handshake begins, [::1]:1 -> [::1]:443\n" + head +
        "+1 us store: HIT, 1 bytes, after 9223372036854775807 us\n" + head +
        "+1 us store: HIT, 1 bytes, after 9223372036854775807 us\n" + head +
        "+1 us store: HIT, 1 bytes, after 5 us\n");
    REQUIRE(told.size() == 1);
    CHECK(told[0].lookup.value() == Microseconds(5));
}

TEST_CASE("error log: a dual-stack listener's clients are those of the wire") {
    const auto told =
        stories(head +
                "+0 us handshake begins, [::ffff:127.0.0.1]:50122 -> "
                "[::ffff:127.0.0.1]:443\n" +
                head + "+9 us handshake done: TLSv1.3 full, MISS\n");
    REQUIRE(told.size() == 1);
    std::vector<Story> joined;
    LogJoin join([&](Story&& story) { joined.push_back(std::move(story)); },
                 seconds(2));
    join.add_log(Story(told[0]));
    join.add_wire(on_wire(told[0].begin));
    join.finish();
    REQUIRE(joined.size() == 1);
    CHECK(joined[0].in_log);
    CHECK(joined[0].on_wire);
    CHECK(text(joined[0].client) == "127.0.0.1:50122");
    CHECK(text(*read_endpoint("[::fffe:127.0.0.1]:1")) != "127.0.0.1:1");
}
