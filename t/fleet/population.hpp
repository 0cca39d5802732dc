#pragma once

#include "fleet/rotation.hpp"
#include "fleet/timeline.hpp"
#include "support/tls_client.hpp"

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

namespace fleet {

// Clients that come back at random times to random nodes with their last
// session, half of them with TLS 1.2 and half with TLS 1.3. One in twenty is
// new, and replaces one that does not come back.
class Population {
  public:
    // `rate` is in visits per second. The times between them are exponential.
    Population(std::size_t clients, double rate, unsigned seed,
               Rotation& rotation, Timeline& timeline);
    ~Population() { stop(); }
    Population(const Population&) = delete;
    Population& operator=(const Population&) = delete;

    void set_rate(double rate) { rate_ = rate; }

    // Returns when the last visit has ended.
    void stop();

  private:
    struct Client {
        std::mutex visiting;
        int version = 0;
        support::Session session;
    };

    void serve(const std::stop_token& stopped, std::mt19937 random);
    void visit(Client& client, std::mt19937& random);

    Rotation& rotation_;
    Timeline& timeline_;
    std::atomic<double> rate_;
    std::vector<std::unique_ptr<Client>> clients_;
    std::vector<std::jthread> threads_;
};

}  // namespace fleet
