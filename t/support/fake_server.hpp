#pragma once

#include "support/test_store.hpp"

#include <doctest/doctest.h>
#include <optional>
#include <string>
#include <string_view>

namespace support {

// What a fake answers to this question.
struct Answer {
    std::string_view question;
    std::string_view answer;
};

// A store's client, connected to a server that says things that no real one
// would. `Protocol` makes the client. It has the answers to the `greeting`, in
// which the client may leave questions out, the later `ping` and `pong`, and
// the questions of a `survey`. Or it has a function answer(), which returns how
// much of the questions it answers.
template <class Protocol>
class FakeServer {
  public:
    // `surveyed`: whether it is asked for surveys.
    explicit FakeServer(bool surveyed = false) : surveyed_(surveyed) {
        auto options = store_options();
        options.surveyed = surveyed;
        options.interval = interval;  // so that no PING intervenes
        Protocol::connect(store, peer, std::move(options));
        greet();
    }

    // Accepts the client's next connection.
    void reconnect() {
        store->loop.skip(interval);
        greet();
    }

    // A fetch whose command has arrived.
    std::shared_ptr<TestStore::Fetch> begin_fetch(const std::string& key) {
        const auto before = peer.received().size();
        auto fetch = store->begin_fetch(key);
        await(key, before);
        return fetch;
    }

    // The result of a fetch with this answer.
    backends::Fetched fetch(const std::string& answer) {
        const auto fetch = begin_fetch("key");
        peer.send(answer);
        CHECK(store->loop.run_until([&] { return fetch->done; }));
        return fetch->result;
    }

    // Answers the next PING.
    void greet_again() {
        await(Protocol::ping, 0);
        peer.send(Protocol::pong);
    }

    static constexpr std::chrono::hours interval{1};
    Peer peer;
    std::optional<TestStore> store;

  protected:
    void await(const std::string& text, std::size_t from) {
        REQUIRE(store->loop.run_until(
            [&] { return peer.received().find(text, from) != text.npos; }));
    }

  private:
    bool surveyed_;

    void greet() {
        const auto times = store->logged("connected");
        std::size_t answered = 0;
        REQUIRE(store->loop.run_until([this] { return peer.accept(); }));
        REQUIRE(store->loop.run_until([&] {
            answer_next(answered);
            return store->logged("connected") > times;
        }));
        for (int turns = 0; turns < 4 && surveyed_; ++turns) {
            store->loop.run_turns(1);
            if constexpr (requires { Protocol::survey; }) {
                answer_next(answered, Protocol::survey);
            } else {
                answer_next(answered);
            }
        }
    }

    // Answers what has arrived after the first `answered` bytes, and increases
    // that.
    void answer_next(std::size_t& answered) {
        const auto asked = std::string_view(peer.received()).substr(answered);
        if constexpr (requires { Protocol::answer(asked); }) {
            const auto [size, answer] = Protocol::answer(asked);
            answered += size;
            peer.send(answer);
        } else {
            answer_next(answered, Protocol::greeting);
        }
    }

    template <std::size_t n>
    void answer_next(std::size_t& answered, const Answer (&answers)[n]) {
        const auto asked = std::string_view(peer.received()).substr(answered);
        for (const auto& [question, answer] : answers) {
            if (asked.starts_with(question)) {
                answered += question.size();
                peer.send(answer);
                return;
            }
        }
    }
};

}  // namespace support
