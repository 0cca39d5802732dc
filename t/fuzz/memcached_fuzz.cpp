// The memcached client, in the text protocol, against a server that may not be
// memcached.

#include "fuzz/conversation.hpp"
#include "support/fake_memcached.hpp"

void fuzz(Input input) {
    Conversation<support::FakeMemcached> conversation;
    conversation.play(input);
    CHECK(
        conversation.fake().fetch("VALUE key 0 5\r\nvalue\r\nEND\r\n").value ==
        "value");
}
