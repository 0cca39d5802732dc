// The client of memcached, in the text protocol, and a server that need not be
// one.

#include "fuzz/conversation.hpp"
#include "support/fake_memcached.hpp"

void fuzz(Input input) {
    Conversation<support::FakeMemcached> conversation;
    conversation.play(input);
    CHECK(
        conversation.fake().fetch("VALUE key 0 5\r\nvalue\r\nEND\r\n").value ==
        "value");
}
