#pragma once

#include "fuzz/fuzz.hpp"
#include "support/test_store.hpp"

#include <doctest/doctest.h>
#include <string>

// A store's client and a server that says whatever the input contains. `Fake`
// is FakeRedis or FakeMemcached. Whatever was said, nobody waits in the end,
// and a new connection works.
template <class Fake>
class Conversation {
  public:
    void play(Input& input) {
        while (!input.empty()) {
            step(input);
            store().loop.run_turns(2);
            fake_.peer.accept();
        }
        end();
    }

    // For requests on the new connection.
    Fake& fake() { return fake_; }

  private:
    support::TestStore& store() { return *fake_.store; }

    // One byte selects the action and its size.
    void step(Input& input) {
        const unsigned byte = input.byte();
        const unsigned n = byte / 8;
        switch (byte % 8) {
        case 0:
            send(input.take(n));
            break;
        case 1:
            send(input.take(n * 8));
            break;
        case 2:
            fetches_.push_back(store().begin_fetch("key"));
            break;
        case 3:
            store().store().store("key", "value", std::chrono::seconds(60));
            break;
        case 4:
            if (n % 2 == 0) {
                store().store().erase("key");
            } else if (n % 4 == 1) {
                adds_.push_back(store().begin_add("key"));
            } else {
                claims_.push_back(store().begin_claim("key"));
            }
            break;
        case 5:
            store().loop.skip(std::chrono::seconds(n));
            break;
        case 6:
            store().loop.skip(Fake::interval);
            break;
        case 7:
            fake_.peer.hang_up();
            break;
        }
    }

    void send(std::string_view bytes) {
        if (!fake_.peer.closed()) {
            fake_.peer.send(bytes);
            sent_ += bytes;
        }
    }

    void end() {
        fake_.peer.hang_up();
        fetches_.push_back(store().begin_fetch("key"));
        store().loop.run_turns(2);
        store().loop.skip(support::patience);
        for (const auto& fetch : fetches_) {
            CHECK(store().loop.run_until([&] { return fetch->done; }));
            check(fetch->result);
        }
        for (const auto& add : adds_) {
            CHECK(store().loop.run_until([&] { return add->done; }));
        }
        for (const auto& claim : claims_) {
            CHECK(store().loop.run_until([&] { return claim->done; }));
        }
        for (const unsigned char c : store().log()) {
            CHECK((c == '\n' || (c >= ' ' && c != 0x7f)));
        }
        // The client may have connected again just before reconnect() skips
        // time.
        do {
            fake_.peer.hang_up();
            store().loop.run_turns(2);
        } while (fake_.peer.accept());
        fake_.reconnect();
    }

    void check(const backends::Fetched& fetched) {
        CHECK(fetched.status != backends::Status::queued);
        if (fetched.status == backends::Status::hit) {
            CHECK(sent_.find(fetched.value) != std::string::npos);
        } else {
            CHECK(fetched.value.empty());
        }
    }

    Fake fake_{true};
    support::TestStore::Fetches fetches_;
    std::vector<std::shared_ptr<support::TestStore::Add>> adds_;
    std::vector<std::shared_ptr<support::TestStore::Claim>> claims_;
    std::string sent_;
};
