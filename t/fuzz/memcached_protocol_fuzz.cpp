// How memcached's bytes are split into replies, in both protocols: the same way
// whatever the pieces in which they arrive.
//
// Input: the protocol and the sizes of four pieces (1 byte each), which take
// turns, then the bytes.

#include "backends/memcached/binary.hpp"
#include "backends/memcached/text.hpp"
#include "fuzz/fuzz.hpp"

#include <array>
#include <doctest/doctest.h>
#include <memory>
#include <string>

using namespace backends::memcached;

namespace {

// The replies as text, and the final error.
class Printed {
  public:
    explicit Printed(bool binary) {
        if (binary) {
            dialect_ = std::make_unique<Binary>();
        } else {
            dialect_ = std::make_unique<Text>();
        }
    }

    void feed(std::string_view bytes) {
        dialect_->feed(bytes);
        while (const auto reply = dialect_->next()) {
            CHECK(dialect_->error().empty());
            CHECK(reply->key.size() <= max_key);
            CHECK(reply->text.size() <= max_value + 1);
            text_ += std::to_string(static_cast<int>(reply->type)) + ' ';
            text_.append(reply->key).append(" ").append(reply->text) += '\n';
        }
    }

    std::string text() const { return text_ + std::string(dialect_->error()); }

  private:
    std::unique_ptr<Dialect> dialect_;
    std::string text_;
};

}  // namespace

void fuzz(Input input) {
    const bool binary = input.byte() % 2 != 0;
    std::array<std::size_t, 4> sizes;
    for (auto& size : sizes) {
        size = std::max(input.byte(), 1U);
    }

    Printed whole(binary);
    whole.feed(input.rest());

    Printed pieces(binary);
    for (std::size_t i = 0; !input.empty(); ++i) {
        pieces.feed(input.take(sizes.at(i % sizes.size())));
    }
    CHECK(pieces.text() == whole.text());
}
