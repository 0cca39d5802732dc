// Bytes in order, however their segments come.

#include "debug/capture/reassembly.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <random>

using debug::Reassembly;

TEST_CASE("reassembly: any order, overlaps and repetitions, around the end") {
    std::minstd_rand random(3);
    std::string text(2'000, '\0');
    std::generate(text.begin(), text.end(),
                  [&] { return static_cast<char>(random()); });
    for (int round = 0; round < 200; ++round) {
        const auto first = static_cast<std::uint32_t>(0U - random() % 3'000);
        Reassembly bytes;
        std::string got;
        const auto take = [&](std::string_view part) {
            CHECK_FALSE(part.empty());
            got += part;
        };
        bytes.begin(first);
        while (got.size() < text.size()) {
            // Pieces from anywhere, also from what is long known.
            const auto at = random() % text.size();
            const auto size = random() % (round % 2 == 0 ? 3 : 300);
            bytes.add(first + static_cast<std::uint32_t>(at),
                      std::string_view(text).substr(at, size), take);
            if (random() % 8 == 0) {
                const auto next = got.size();
                bytes.add(bytes.next(),
                          std::string_view(text).substr(next, 100), take);
            }
        }
        CHECK(got == text);
        CHECK(bytes.held() == 0);
        CHECK_FALSE(bytes.first_waiting().has_value());
    }
}

TEST_CASE("reassembly: what is given up, and what it costs") {
    Reassembly bytes;
    std::string got;
    const auto take = [&](std::string_view part) { got += part; };
    bytes.begin(0xfffffffe);
    bytes.add(2, "cd", take);
    bytes.add(8, "ij", take);
    bytes.add(4, "ef", take);
    CHECK(bytes.first_waiting().value() == 2);
    // Neighbours are one piece.
    CHECK(bytes.held() >= 2 * Reassembly::piece_cost + 6);
    CHECK(bytes.held() <= 2 * Reassembly::piece_cost + 64);
    bytes.skip_to(3, take);
    CHECK(got == "def");
    bytes.skip_to(1, take);
    CHECK(bytes.next() == 6);
    bytes.skip_to(20, take);
    CHECK(got == "def");
    CHECK(bytes.held() == 0);
    CHECK(bytes.next() == 20);
}
