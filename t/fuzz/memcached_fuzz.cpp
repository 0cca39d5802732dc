// The client of memcached, libmemcached within, and a server that need not be
// one. Values are all that it is asked for: libmemcached aborts, with an
// assertion, at a set that is answered with "END" or "DELETED".

#include "fuzz/conversation.hpp"
#include "support/fake_memcached.hpp"

// libmemcached allocates any length that it is told, which is known: what is
// out of all proportion it does not get.
// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" const char* __asan_default_options() {
    return "allocator_may_return_null=1:max_allocation_size_mb=32";
}

void fuzz(Input input) {
    Conversation<support::FakeMemcached> conversation(false);
    conversation.play(input);
    CHECK(
        conversation.fake().fetch("VALUE key 0 5\r\nvalue\r\nEND\r\n").value ==
        "value");
}
