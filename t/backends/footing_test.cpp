// What is known of how long a server has kept its data, and of its clock.

#include "backends/footing.hpp"

#include <doctest/doctest.h>

using backends::Footing;
using backends::Ground;
using coro::Time;
using namespace std::chrono_literals;

namespace {

// This machine's clocks. A test may set the wall clock at will.
struct Machine {
    std::chrono::milliseconds wall = 1'700'000'000s;
    Time now = 50s;
    Ground ground{[this] { return wall; }};

    void pass(Time time) {
        wall += time;
        now += time;
    }
    Footing footing() const { return ground.at(now); }
    std::chrono::milliseconds ahead() const {
        REQUIRE(footing().skew);
        return footing().skew->ahead;
    }
    // Asks a server whose clock is ahead by `ahead`, which takes `took`.
    void compare(std::chrono::milliseconds ahead, Time took = 0ms,
                 std::chrono::milliseconds resolution = 0ms) {
        const auto asked = now;
        pass(took / 2);
        const auto told = wall + ahead;
        pass(took - took / 2);
        ground.compared(told, resolution, asked, now);
    }
};

}  // namespace

TEST_CASE("footing: at first there is none") {
    const Machine m;
    CHECK_FALSE(m.footing().since);
    CHECK_FALSE(m.footing().skew);
}

TEST_CASE("footing: since the first count, unless there is another one") {
    Machine m;
    m.ground.counted(7, m.now);
    const auto begin = m.now;
    for (int i = 0; i < 5; ++i) {
        m.pass(10s);
        m.ground.counted(7, m.now);
        CHECK(m.footing().since == begin);
    }
    m.ground.counted(8, m.now);
    CHECK(m.footing().since == m.now);
    m.pass(10s);
    m.ground.counted(3, m.now);  // a smaller count is another server's
    CHECK(m.footing().since == m.now);
}

TEST_CASE("footing: what is not counted is not known") {
    Machine m;
    m.ground.counted(std::nullopt, m.now);
    CHECK_FALSE(m.footing().since);
    m.ground.counted(7, m.now);
    CHECK(m.footing().since);
    m.ground.counted(std::nullopt, m.now);
    CHECK_FALSE(m.footing().since);
    m.pass(10s);
    m.ground.counted(7, m.now);
    CHECK(m.footing().since == m.now);
}

TEST_CASE("footing: a server that says it is not what it was") {
    Machine m;
    m.ground.shaken(m.now);
    CHECK_FALSE(m.footing().since);
    m.ground.counted(7, m.now);
    m.pass(10s);
    m.ground.shaken(m.now);
    CHECK(m.footing().since == m.now);
}

TEST_CASE("footing: a lost connection takes all with it") {
    Machine m;
    m.ground.counted(7, m.now);
    m.compare(3s);
    m.ground.lost();
    CHECK_FALSE(m.footing().since);
    CHECK_FALSE(m.footing().skew);
    m.pass(1s);
    m.ground.counted(7, m.now);
    CHECK(m.footing().since == m.now);
}

TEST_CASE("clock: how far it is ahead, give or take half of the way") {
    Machine m;
    for (const auto ahead : {0ms, 12ms, -12ms, 9'999ms, -3'600'000ms}) {
        m.compare(ahead);
        CHECK(m.ahead() == ahead);
        m.compare(ahead, 80ms);
        CHECK(m.ahead() == ahead);
        CHECK(m.footing().skew->uncertain == 40ms);
    }
}

TEST_CASE("clock: whole seconds stand for their middle") {
    Machine m;
    m.compare(2s, 0ms, 1s);
    CHECK(m.ahead() == 2500ms);
    CHECK(m.footing().skew->uncertain == 500ms);
}

TEST_CASE("clock: ten seconds are tolerable, with what is not certain") {
    Machine m;
    for (const int sign : {1, -1}) {
        m.compare(sign * 10'000ms);
        CHECK(m.footing().skew->is_tolerable());
        m.compare(sign * 10'001ms);
        CHECK_FALSE(m.footing().skew->is_tolerable());
        m.compare(sign * 9'950ms, 100ms);
        CHECK(m.footing().skew->is_tolerable());
        m.compare(sign * 9'951ms, 100ms);
        CHECK_FALSE(m.footing().skew->is_tolerable());
    }
}

TEST_CASE("clock: it is good for a quarter of an hour") {
    Machine m;
    m.compare(3s);
    m.pass(15min);
    CHECK(m.ahead() == 3s);
    m.pass(1ms);
    CHECK_FALSE(m.footing().skew);
    m.compare(4s);
    CHECK(m.ahead() == 4s);
}

TEST_CASE("clock: who sets this machine's is found out at once") {
    Machine m;
    m.compare(3s);
    m.wall += 20s;
    CHECK(m.ahead() == -17s);
    CHECK_FALSE(m.footing().skew->is_tolerable());
    m.wall -= 40s;
    CHECK(m.ahead() == 23s);
}
