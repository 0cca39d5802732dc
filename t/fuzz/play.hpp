#pragma once

#include "fuzz/scripted_servers.hpp"
#include "support/test_store.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <memory>
#include <optional>
#include <string>
#include <vector>

// A store's client whose servers answer as the input says. Whatever they did,
// nobody waits forever, the log is readable, and servers that have recovered
// are used. `Servers` are ScriptedServers.
template <class Servers>
class Play {
  public:
    void run(Input& input) {
        while (!input.empty()) {
            step(input);
            turn(input);
        }
        before_end();
        end();
        for (const unsigned char c : store().log()) {
            CHECK((c == '\n' || (c >= ' ' && c < 0x7f)));
        }
    }

  protected:
    ~Play() = default;

    support::TestStore& store() { return *store_; }

    void turn(Input& input) {
        store().loop.run_turns(1);
        servers_.turn(input);
        store().loop.run_turns(1);
    }

    void get(const std::string& key) {
        fetches_.push_back(store().begin_fetch(key));
    }
    void set(const std::string& key) {
        store().store().store(key, "value", std::chrono::seconds(60));
    }
    void erase(const std::string& key) { store().store().erase(key); }
    void add(const std::string& key) {
        adds_.push_back(store().begin_add(key));
    }

    Servers servers_;
    std::optional<support::TestStore> store_;

  private:
    // Takes one byte or more, which select the action.
    virtual void step(Input& input) = 0;

    // Called while the servers still answer as the input says.
    virtual void before_end() {}

    void end() {
        Input nothing("");
        servers_.heal();
        store().loop.run_turns(2);
        store().loop.skip(support::patience);
        get("key");
        CHECK(store().loop.run_until([&] {
            servers_.turn(nothing);
            return all_done();
        }));
        CHECK(store().loop.run_until([&] {
            servers_.turn(nothing);
            return is_used();
        }));
    }

    bool is_used() {
        const auto& last = fetches_.back();
        if (last->done && last->result.value == "value") {
            return true;
        }
        if (last->done) {
            store().loop.skip(std::chrono::milliseconds(100));
            get("key");
        }
        return false;
    }

    bool all_done() const {
        const auto done = [](const auto& one) { return one->done; };
        return std::ranges::all_of(fetches_, done) &&
               std::ranges::all_of(adds_, done);
    }

    support::TestStore::Fetches fetches_;
    std::vector<std::shared_ptr<support::TestStore::Add>> adds_;
};
