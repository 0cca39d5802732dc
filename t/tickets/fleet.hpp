#pragma once

#include "support/both_stores.hpp"
#include "support/test_store.hpp"
#include "tickets/keyring.hpp"

#include <ctime>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace support {

// A client of a real store, whose requests a test can see, delay, or lose.
class Meddled : public backends::Store {
  public:
    enum class Fate {
        passes,
        is_lost,        // it is not carried out
        answer_is_lost  // it is carried out all the same
    };
    // Called with "peek", "fetch", "add", "store" or "erase", and the key. It
    // runs where the request was made: for the first three in a coroutine,
    // which may wait.
    using Meddle =
        std::function<Fate(std::string_view what, std::string_view key)>;

    explicit Meddled(std::unique_ptr<backends::Store> store)
        : store_(std::move(store)) {}

    Meddle meddle;
    bool is_away = false;  // it is not connected

    // All requests, whatever happened to them.
    std::size_t asked() const { return asked_; }
    // Those that are waiting for an answer.
    std::size_t waiting() const { return waiting_; }

    backends::Fetched fetch(std::string_view key,
                            coro::Time deadline) noexcept override;
    backends::Fetched peek(std::string_view key) noexcept override;
    backends::Addition add(std::string_view key, std::string_view value,
                           std::chrono::seconds ttl) noexcept override;
    // Keys are never claimed.
    backends::Claimed claim(std::string_view key, std::chrono::seconds ttl,
                            coro::Time deadline) noexcept override {
        return store_->claim(key, ttl, deadline);
    }
    backends::Status store(std::string_view key, std::string_view value,
                           std::chrono::seconds ttl) noexcept override;
    backends::Status erase(std::string_view key) noexcept override;
    void reconsider() noexcept override { store_->reconsider(); }
    void close() noexcept override { store_->close(); }

  private:
    Fate fate(std::string_view what, std::string_view key);
    template <class Request>
    backends::Fetched look_up(std::string_view what, std::string_view key,
                              const Request& request);

    std::unique_ptr<backends::Store> store_;
    std::size_t asked_ = 0;
    std::size_t waiting_ = 0;
};

// A worker of a fleet, with a clock of its own.
struct Member {
    using Keyring = session_cache::tickets::Keyring;

    session_cache::tickets::Meter meter;
    session_cache::SealingKeys keys;
    std::chrono::seconds ahead{0};  // of the fleet's time
    bool wanted = true;
    std::string log;
    std::unique_ptr<Meddled> store;
    std::unique_ptr<Keyring> ring;

    // The name of the key that it makes tickets with, or zeros if it makes
    // none.
    session_cache::tickets::TicketName current() const;
};

// Workers of one store, in one loop, and their clock.
class Fleet : public Coroutines {
  public:
    using TicketName = session_cache::tickets::TicketName;
    using Slot = session_cache::tickets::Slot;

    struct Like {
        std::chrono::seconds rotate = std::chrono::hours(1);
        std::chrono::seconds life = std::chrono::minutes(5);
        std::string keys = "a";  // of files of 48 times a letter
        std::chrono::seconds ahead{0};
    };

    template <class Server>
    explicit Fleet(const Server& server)
        : make_([this, &server](auto options, auto log) {
              return make(server, std::move(options), std::move(log));
          }) {}
    ~Fleet();

    // Adds one that is not connected yet; it starts with the next turn.
    Member& add(const Like& like);
    Member& add() { return add(Like()); }

    // Ends one of them.
    void remove(Member& member);

    // The fleet's time, in seconds since 1970. It begins at 00:00:10 of some
    // day.
    std::time_t now() const { return now_; }
    // Lets time pass, for timers, too. Settles now and then.
    void pass(std::chrono::seconds time);
    // Sets clocks, and nothing else.
    void jump(std::chrono::seconds by) { now_ += by.count(); }

    // Runs until nobody waits for the store's answer.
    void settle();
    // Waits until all have a key to make tickets with.
    bool are_ready();

    // Lets a member ask the store for a ticket's key.
    backends::Status fetch(Member& member, const TicketName& name);
    // Whether it can open the ticket, if need be with the store's help.
    bool opens(Member& member, const TicketName& name);

    const std::vector<std::unique_ptr<Member>>& members() const {
        return members_;
    }

  private:
    using Made = std::unique_ptr<backends::Store>;

    Made make(const RedisServer& server, backends::Options options,
              backends::Log log);
    Made make(const MemcachedServer& server, const backends::Options& options,
              const backends::Log& log);
    void end(Member& member);

    std::function<Made(backends::Options, backends::Log)> make_;
    std::time_t now_ = 1767225600 + 10;
    std::vector<std::unique_ptr<Member>> members_;
    std::vector<std::unique_ptr<Member>> ended_;
};

// The store's keys of a kind: ngx_ssl:seed:... or ngx_ssl:slot:...
std::vector<std::string> names_of(const StoreServer& server,
                                  const std::string& kind);
// The store's keys for what a member makes tickets with now.
std::string seed_in_use(const Member& member);
std::string slot_in_use(const Member& member);

}  // namespace support
