// The client of memcached with a password, so the question for the protocol and
// the binary one, and a server that need not be one.

#include "fuzz/conversation.hpp"
#include "support/fake_memcached.hpp"

void fuzz(Input input) {
    Conversation<support::FakeSaslMemcached> conversation;
    conversation.play(input);
    CHECK(conversation.fake().fetch_hit("value").value == "value");
}
