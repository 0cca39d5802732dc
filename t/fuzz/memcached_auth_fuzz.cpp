// The memcached client with a password, which asks for the protocol and uses
// the binary one, against a server that may not be memcached.

#include "fuzz/conversation.hpp"
#include "support/fake_memcached.hpp"

void fuzz(Input input) {
    Conversation<support::FakeSaslMemcached> conversation;
    conversation.play(input);
    CHECK(conversation.fake().fetch_hit("value").value == "value");
}
