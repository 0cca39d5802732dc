// How Redis' bytes are split into replies, with and without arrays: the same
// way whatever the pieces in which they arrive.
//
// Input: the sizes of four pieces (1 byte each), which take turns, then the
// bytes.

#include "backends/loggable.hpp"
#include "backends/redis/protocol.hpp"
#include "fuzz/fuzz.hpp"

#include <array>
#include <doctest/doctest.h>
#include <string>

using namespace backends::redis;

namespace {

std::string print(const redisReply& reply) {
    const auto shown = backends::loggable(text(reply));
    CHECK(shown.size() <= 120);
    for (const char c : shown) {
        CHECK(c >= ' ');
        CHECK(c <= '~');
    }
    CHECK(text(reply).starts_with(shown));
    CHECK(text(reply).starts_with(error_code(reply)));
    return std::to_string(reply.type) + ' ' + std::to_string(reply.integer) +
           ' ' + std::string(text(reply)) + '\n';
}

// The replies as text, and the final error.
class Printed {
  public:
    explicit Printed(bool arrays) { parser_.expect_array(arrays); }

    void feed(std::string_view bytes) {
        CHECK((parser_.feed(bytes) || !parser_.error().empty()));
        while (const Reply reply = parser_.next()) {
            CHECK(parser_.error().empty());
            text_ += print(*reply);
        }
    }

    std::string text() const { return text_ + std::string(parser_.error()); }

  private:
    Parser parser_;
    std::string text_;
};

}  // namespace

void fuzz(Input input) {
    std::array<std::size_t, 4> sizes;
    for (auto& size : sizes) {
        size = std::max(input.byte(), 1U);
    }

    for (const bool arrays : {false, true}) {
        Input bytes = input;
        Printed whole(arrays);
        whole.feed(bytes.rest());

        Printed pieces(arrays);
        for (std::size_t i = 0; !bytes.empty(); ++i) {
            pieces.feed(bytes.take(sizes.at(i % sizes.size())));
        }
        CHECK(pieces.text() == whole.text());
    }
}
