#pragma once

#include "support/memcached_server.hpp"
#include "support/nginx.hpp"
#include "support/redis_server.hpp"

#include <functional>
#include <random>
#include <vector>

namespace soak {

// What goes wrong for a while.
struct Fault {
    std::function<void()> begin;
    std::function<void()> end = [] {};
    std::function<void()> go_on = [] {};  // at each tick in between
};

// They also change the store's password, which is `password`.
std::vector<Fault> faults_of(support::RedisServer& redis,
                             const std::string& password);
std::vector<Fault> faults_of(support::MemcachedServer& memcached);
// What an operator does to running nginxes: both reopen their logs, but only
// the second one reloads its configuration.
std::vector<Fault> operations_on(support::Nginx& steady,
                                 support::Nginx& reloaded);

// One fault at a time, each once at first, then at random.
class Faults {
  public:
    // They last up to `longest`, and so do the pauses between them.
    Faults(std::vector<Fault> faults, support::Milliseconds longest,
           unsigned seed);

    void tick();
    // Mends what is broken.
    void end();
    std::size_t count() const { return count_; }

  private:
    Fault& next();
    support::Clock::time_point soon();

    std::vector<Fault> faults_;
    support::Milliseconds longest_;
    std::mt19937 random_;
    std::size_t count_ = 0;
    Fault* present_ = nullptr;
    support::Clock::time_point until_;
};

}  // namespace soak
