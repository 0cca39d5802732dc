// The client of memcached, libmemcached within, and a server that need not be
// one.

#include "fuzz/conversation.hpp"
#include "support/fake_memcached.hpp"

// libmemcached asks for any length that it is told, and shall not get it. (The
// fuzzer itself needs 20 MB.)
// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" const char* __asan_default_options() {
    return "max_allocation_size_mb=32";
}

void fuzz(Input input) {
    Conversation<support::FakeMemcached> conversation;
    conversation.play(input);
    CHECK(
        conversation.fake().fetch("VALUE key 0 5\r\nvalue\r\nEND\r\n").value ==
        "value");
}
