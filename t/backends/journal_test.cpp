// What is logged about a store that says whatever it likes.

#include "backends/journal.hpp"

#include <doctest/doctest.h>
#include <new>
#include <string>
#include <vector>

using backends::Journal;
using backends::Trouble;
using namespace std::chrono_literals;

namespace {

constexpr coro::Time start{1'000'000};

struct Said {
    std::vector<std::string> lines;
    Journal journal{[this](backends::Level, std::string_view line) {
                        lines.emplace_back(line);
                    },
                    "redis"};

    Said() { journal.at({{}, 0, "here"}); }

    std::size_t with(std::string_view part) const {
        std::size_t n = 0;
        for (const auto& line : lines) {
            n += line.find(part) != line.npos ? 1 : 0;
        }
        return n;
    }
};

// A word of letters only, a different one for each number.
std::string word(int number) {
    std::string word;
    for (; number != 0; number /= 26) {
        word += static_cast<char>('a' + number % 26);
    }
    return word;
}

}  // namespace

TEST_CASE("journal: a loss with a number in it is said once") {
    Said said;
    for (int i = 0; i < 1000; ++i) {
        said.journal.lost("AUTH failed: ERR attempt " + std::to_string(i),
                          false, start + i * 100ms);
    }
    CHECK(said.lines ==
          std::vector<std::string>{
              "redis here: unavailable: AUTH failed: ERR attempt 0"});
}

TEST_CASE("journal: losses of too many kinds are counted when it is up") {
    Said said;
    for (int i = 1; i <= 1000; ++i) {
        said.journal.lost(word(i), false, start + i * 100ms);
    }
    CHECK(said.lines.size() == Trouble::max_kinds);
    said.journal.connected("7.0", start + 200s);
    CHECK(said.lines.back() == "redis here: connected, version 7.0, 992 other "
                               "failures were not logged");
    said.journal.lost(word(1), true, start + 300s);
    said.journal.connected("", start + 301s);
    CHECK(said.lines.back() == "redis here: connected, back after 1000 ms");
}

TEST_CASE("journal: so many lines at once, and not one more") {
    Said said;
    for (int i = 0; i < 100; ++i) {
        said.journal.connected("", start);
        said.journal.lost(word(i), true, start);
    }
    CHECK(said.lines.size() == Journal::max_burst);
}

TEST_CASE("journal: a store that comes and goes has a few lines a second") {
    Said said;
    constexpr int seconds = 100;
    for (int i = 0; i < seconds * 1000; ++i) {
        const auto now = start + i * 1ms;
        said.journal.connected("", now);
        said.journal.lost(word(i), true, now);
        said.journal.failed("SET", word(i), {word(i)}, now);
    }
    CHECK(said.lines.size() <= Journal::max_burst + seconds * 2);
    CHECK(said.lines.size() >= seconds * 2);
    CHECK(said.with("left out") == 0);

    const auto later = start + seconds * 1000ms + Trouble::quiet;
    said.journal.connected("", later);
    said.journal.worked("SET", later);
    CHECK(said.with("lines were left out, it is connected") == 1);
    said.journal.worked("GET", later + Trouble::quiet);
    CHECK(said.with("left out") == 1);
}

TEST_CASE("journal: a log that has no memory harms nobody") {
    Journal journal(
        [](backends::Level, std::string_view) { throw std::bad_alloc(); },
        "redis");
    journal.lost("closed by the store", true, start);
    journal.connected("7.0", start);
    journal.failed("GET", "OOM", {"OOM"}, start);
    journal.worked("GET", start + Trouble::quiet);
}
