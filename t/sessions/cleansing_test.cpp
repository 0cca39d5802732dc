// Objects that hold a secret leave nothing of it behind.

#include "sessions/sealing_key.hpp"
#include "sessions/secret.hpp"
#include "sessions/secret_pages.hpp"
#include "support/memory_scan.hpp"

#include <algorithm>
#include <array>
#include <doctest/doctest.h>
#include <new>
#include <sys/mman.h>
#include <unistd.h>

using namespace session_cache;

namespace {

constexpr unsigned char mark = 0xa7;

template <std::size_t n>
std::size_t marks(const std::array<unsigned char, n>& memory) {
    return std::ranges::count(memory, mark);
}

// One page, mapped twice, so that it can be looked at when one is unmapped.
class TwicePage {
  public:
    TwicePage() : fd_(memfd_create("page", 0)) {
        REQUIRE(ftruncate(fd_, getpagesize()) == 0);
        first = map();
        second = map();
    }
    ~TwicePage() {
        munmap(second, sizeof(Secret));
        close(fd_);
    }

    using Secret = std::array<unsigned char, 64>;
    Secret* first;
    Secret* second;

  private:
    Secret* map() const {
        void* at = mmap(nullptr, sizeof(Secret), PROT_READ | PROT_WRITE,
                        MAP_SHARED, fd_, 0);
        REQUIRE(at != MAP_FAILED);
        return static_cast<Secret*>(at);
    }

    int fd_;
};

}  // namespace

TEST_CASE("cleansing: the key of one session") {
    using Key = SealingKey::SessionKey;
    alignas(Key) std::array<unsigned char, sizeof(Key)> memory{};
    auto* key = new (memory.data()) Key;
    key->bytes.fill(mark);
    CHECK(marks(memory) == key->bytes.size());
    key->~Key();
    CHECK(marks(memory) == 0);
}

TEST_CASE("cleansing: bytes of a file") {
    // In hexadecimal, so that the test has no copy of the bytes. They come
    // last, since the allocator overwrites the beginning of what is freed.
    const std::string secret = "5b1e92a4c6d803f7e19a2b4c6d8e0f13";
    std::string text(64, 'x');
    for (std::size_t i = 0; i < secret.size(); i += 2) {
        text.push_back(
            static_cast<char>(std::stoi(secret.substr(i, 2), nullptr, 16)));
    }
    {
        const SecretBytes bytes(std::move(text));
        CHECK(support::count_in_core(getpid(), secret) == 1);
    }
    CHECK(support::count_in_core(getpid(), secret) == 0);
}

TEST_CASE("cleansing: pages, before they are unmapped") {
    const TwicePage page;
    page.first->fill(mark);
    CHECK(marks(*page.second) == page.second->size());
    CleanseAndUnmap<TwicePage::Secret>()(page.first);
    CHECK(marks(*page.second) == 0);
}
