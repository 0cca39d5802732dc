#include "tickets/fleet.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <utility>

namespace support {

using backends::Addition;
using backends::Fetched;
using backends::Status;
using session_cache::tickets::Keyring;
using session_cache::tickets::TicketName;

Meddled::Fate Meddled::fate(std::string_view what, std::string_view key) {
    ++asked_;
    if (is_away) {
        return Fate::is_lost;
    }
    return meddle ? meddle(what, key) : Fate::passes;
}

template <class Request>
Fetched Meddled::look_up(std::string_view what, std::string_view key,
                         const Request& request) {
    ++waiting_;
    const Fate fated = fate(what, key);
    Fetched fetched;
    if (fated != Fate::is_lost) {
        fetched = request();
    }
    --waiting_;
    if (fated != Fate::passes) {
        return {Status::down};
    }
    return fetched;
}

Fetched Meddled::fetch(std::string_view key, coro::Time deadline) noexcept {
    return look_up("fetch", key, [&] { return store_->fetch(key, deadline); });
}

Fetched Meddled::peek(std::string_view key) noexcept {
    return look_up("peek", key, [&] { return store_->peek(key); });
}

Addition Meddled::add(std::string_view key, std::string_view value,
                      std::chrono::seconds ttl) noexcept {
    ++waiting_;
    const Fate fated = fate("add", key);
    auto addition = Addition::unknown;
    if (fated != Fate::is_lost) {
        addition = store_->add(key, value, ttl);
    }
    --waiting_;
    return fated == Fate::passes ? addition : Addition::unknown;
}

Status Meddled::store(std::string_view key, std::string_view value,
                      std::chrono::seconds ttl) noexcept {
    return fate("store", key) == Fate::is_lost ? Status::down
                                               : store_->store(key, value, ttl);
}

Status Meddled::erase(std::string_view key) noexcept {
    return fate("erase", key) == Fate::is_lost ? Status::down
                                               : store_->erase(key);
}

TicketName Member::current() const {
    const auto* key = ring->current();
    return key != nullptr ? key->name() : TicketName{};
}

Fleet::Made Fleet::make(const RedisServer& server, backends::Options options,
                        backends::Log log) {
    options.addresses = store_options(server).addresses;
    return backends::make_redis(scheduler, std::move(options), std::move(log));
}

Fleet::Made Fleet::make(const MemcachedServer& server,
                        const backends::Options& options,
                        const backends::Log& log) {
    return backends::make_memcached(scheduler, {store_server(server)}, options,
                                    log);
}

Fleet::~Fleet() {
    for (const auto& member : members_) {
        end(*member);
    }
    loop.skip(std::chrono::hours(24));
    CHECK(finish());
}

Member& Fleet::add(const Like& like) {
    Member& member = *members_.emplace_back(std::make_unique<Member>());
    for (const char letter : like.keys) {
        member.keys.emplace_back(std::string(48, letter));
    }
    member.ahead = like.ahead;

    backends::Options options = store_options();
    options.timeout = std::chrono::hours(24 * 365);  // however time passes
    options.connected = [&member] {
        if (member.ring != nullptr) {
            member.ring->connected();
        }
    };
    const auto log = [&member](backends::Level level, std::string_view line) {
        const Allocations::Scope test(Allocations::Of::test);
        member.log += level == backends::Level::error ? "[error] " : "";
        member.log.append(line) += '\n';
    };
    member.store =
        std::make_unique<Meddled>(make_(std::move(options), [](auto, auto) {}));
    member.ring = std::make_unique<Keyring>(session_cache::tickets::Options{
        .store = *member.store,
        .scheduler = scheduler,
        .meter = member.meter,
        .keys = member.keys,
        .prefix = "ngx_ssl:",
        .rotate = like.rotate,
        .lifetimes = {like.life},
        .clock = [this, &member] { return now_ + member.ahead.count(); },
        .wanted = [&member] { return member.wanted; },
        .log = log});
    member.ring->start();
    return member;
}

void Fleet::end(Member& member) {
    member.wanted = false;
    member.store->meddle = nullptr;
    member.store->close();
}

void Fleet::remove(Member& member) {
    const auto found = std::ranges::find(members_, &member,
                                         [](auto& one) { return one.get(); });
    REQUIRE(found != members_.end());
    end(member);
    settle();
    ended_.push_back(std::move(*found));
    members_.erase(found);
}

void Fleet::pass(std::chrono::seconds time) {
    constexpr std::chrono::seconds at_most{30};
    while (time > time.zero()) {
        const auto step = std::min(time, at_most);
        now_ += step.count();
        loop.skip(step);
        settle();
        time -= step;
    }
}

void Fleet::settle() {
    const auto is_quiet = [this] {
        return std::ranges::all_of(members_, [](const auto& member) {
            return member->store->waiting() == 0;
        });
    };
    for (int turns = 0; turns < 3; ++turns) {
        loop.run_turns(3);
        if (!is_quiet()) {
            CHECK(loop.run_until(is_quiet));
            turns = 0;
        }
    }
}

bool Fleet::are_ready() {
    const bool ready = loop.run_until([this] {
        return std::ranges::all_of(members_, [](const auto& member) {
            return member->current() != TicketName{};
        });
    });
    settle();
    return ready;
}

Status Fleet::fetch(Member& member, const TicketName& name) {
    const auto wanted = member.ring->want(name);
    if (!wanted) {
        return Status::cancelled;
    }
    bool done = false;
    auto status = Status::cancelled;
    start([&] {
        status = member.ring->fetch(*wanted, coro::never);
        done = true;
    });
    CHECK(loop.run_until([&] { return done; }));
    return status;
}

bool Fleet::opens(Member& member, const TicketName& name) {
    if (member.ring->find(name) == nullptr) {
        fetch(member, name);
    }
    return member.ring->find(name) != nullptr;
}

std::vector<std::string> names_of(const StoreServer& server,
                                  const std::string& kind) {
    std::vector<std::string> names;
    for (const auto& key : server.keys()) {
        if (key.starts_with("ngx_ssl:" + kind + ":")) {
            names.push_back(key);
        }
    }
    return names;
}

std::string seed_in_use(const Member& member) {
    const auto wanted = member.ring->want(member.current());
    REQUIRE(wanted);
    return seed_record_name("ngx_ssl:", *wanted->sealing, wanted->seed);
}

std::string slot_in_use(const Member& member) {
    const auto wanted = member.ring->want(member.current());
    REQUIRE(wanted);
    return slot_record_name("ngx_ssl:", *wanted->sealing, wanted->seed.slot);
}

}  // namespace support
