// The Redis client, against a server that may not be Redis.

#include "fuzz/conversation.hpp"
#include "support/fake_redis.hpp"

void fuzz(Input input) {
    Conversation<support::FakeRedis> conversation;
    conversation.play(input);
    CHECK(conversation.fake().fetch("$5\r\nvalue\r\n").value == "value");
}
