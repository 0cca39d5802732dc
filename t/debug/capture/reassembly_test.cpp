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

TEST_CASE("reassembly: of pieces that overlap nothing is lost") {
    const std::string text = "abcdefghij";
    for (std::size_t at = 1; at < text.size(); ++at) {
        for (std::size_t size = 1; at + size <= text.size(); ++size) {
            Reassembly bytes;
            std::string got;
            const auto take = [&](std::string_view part) { got += part; };
            bytes.begin(0);
            bytes.add(3, "def", take);
            bytes.add(static_cast<std::uint32_t>(at), text.substr(at, size),
                      take);
            CHECK(got.empty());
            bytes.add(0, text.substr(0, std::min<std::size_t>(at, 3)), take);
            const auto joined = at <= 6 && at + size >= 3 && at + size > 6;
            CHECK(got == text.substr(0, at > 6          ? 6
                                        : at + size < 3 ? at + size
                                        : joined        ? at + size
                                                        : 6));
        }
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
