#include "soak/faults.hpp"

#include <algorithm>
#include <csignal>
#include <memory>
#include <utility>

namespace soak {

using namespace support;

namespace {

// Faults that any store can have.
std::vector<Fault> store_faults(StoreServer& store) {
    const auto frozen = std::make_shared<bool>(false);
    const auto freeze = [&store] { store.freeze(); };
    const auto thaw = [&store] { store.thaw(); };
    const auto stutter = [&store, frozen] {
        *frozen = !*frozen;
        *frozen ? store.freeze() : store.thaw();
    };
    return {
        {.begin = freeze, .end = thaw},
        {.begin = [frozen] { *frozen = false; }, .end = thaw, .go_on = stutter},
        {.begin = [&store] { store.kill9(); },
         .end = [&store] { store.start(); }},
        {.begin = [&store] { store.flush(); }}};
}

void kill_connections(RedisClient& client) {
    client.command({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
}

}  // namespace

std::vector<Fault> faults_of(RedisServer& redis, const std::string& password) {
    auto faults = store_faults(redis);
    faults.push_back({.begin = [&redis] {
        auto client = redis.client();
        kill_connections(client);
    }});
    // A connected client keeps its rights, and can change the password back.
    const auto client = std::make_shared<std::unique_ptr<RedisClient>>();
    const auto change = [&redis, password, client] {
        *client = std::make_unique<RedisClient>(redis.unix_path(),
                                                Arguments{password});
        (*client)->config_set("requirepass", "another");
        kill_connections(**client);
    };
    const auto change_back = [password, client] {
        (*client)->config_set("requirepass", password);
        client->reset();
    };
    faults.push_back({.begin = change, .end = change_back});
    return faults;
}

std::vector<Fault> faults_of(MemcachedServer& memcached) {
    return store_faults(memcached);
}

std::vector<Fault> operations_on(Nginx& steady, Nginx& reloaded) {
    return {{.begin = [&] { reloaded.reload(); }},
            {.begin = [&] { reloaded.signal(SIGUSR1); }},
            {.begin = [&] { steady.signal(SIGUSR1); }}};
}

Faults::Faults(std::vector<Fault> faults, Milliseconds longest, unsigned seed)
    : faults_(std::move(faults)), longest_(longest), random_(seed),
      until_(soon()) {
    std::shuffle(faults_.begin(), faults_.end(), random_);
}

Clock::time_point Faults::soon() {
    std::uniform_int_distribution<Milliseconds::rep> length(1,
                                                            longest_.count());
    return Clock::now() + Milliseconds{length(random_)};
}

Fault& Faults::next() {
    const auto index =
        count_ < faults_.size() ? count_ : random_() % faults_.size();
    ++count_;
    return faults_[index];
}

void Faults::tick() {
    if (Clock::now() < until_) {
        if (present_ != nullptr) {
            present_->go_on();
        }
        return;
    }
    if (present_ != nullptr) {
        end();
    } else {
        present_ = &next();
        present_->begin();
    }
    until_ = soon();
}

void Faults::end() {
    if (present_ != nullptr) {
        std::exchange(present_, nullptr)->end();
    }
}

}  // namespace soak
