// The client of Redis, and a server that need not be one.

#include "fuzz/conversation.hpp"
#include "support/fake_redis.hpp"

void fuzz(Input input) {
    Conversation<support::FakeRedis> conversation;
    conversation.play(input);
    CHECK(conversation.fake().fetch("$5\r\nvalue\r\n").value == "value");
}
