#pragma once

#include "support/socket.hpp"
#include "support/tls_client.hpp"

#include <array>
#include <atomic>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace soak {

// A service that both nodes offer alike.
struct Service {
    std::array<support::Address, 2> nodes;
    bool certificates;  // clients may show one
};

// What a response must contain for a client to know that it is for this client.
inline constexpr const char* response =
    "200 \"$ssl_session_reused $ssl_client_s_dn\"";

// Clients, each in a thread of its own, that visit the services until they
// are told to leave. Some come alone and some with many others, with a session
// or without, and some misbehave.
class Load {
  public:
    Load(std::vector<Service> services, std::size_t clients, unsigned seed);
    ~Load() { stop(); }

    struct Counts {
        std::size_t full = 0;
        std::size_t resumed = 0;
        std::size_t broken_off = 0;  // by misbehaving clients
        std::size_t failed = 0;
    };
    Counts counts() const;
    // How handshakes have failed, cut off after a few.
    std::string complaints() const;

    void stop();

  private:
    // A sort of client that comes back with one of its sort's sessions.
    struct Sort {
        const Service* service;
        int version;
        bool certificate;

        support::TlsOptions options() const;
        bool operator<(const Sort& other) const;
    };
    using Random = std::mt19937;

    void live(const std::stop_token& stopped, Random random);
    void visit(Random& random);
    void behave(Random& random);
    void come_together(Random& random);
    void misbehave(Random& random);

    Sort pick(Random& random) const;
    support::Session recall(const Sort& sort, Random& random);
    void remember(const Sort& sort, const std::vector<support::Session>& made,
                  Random& random);
    void finish(const Sort& sort, support::TlsClient& client, Random& random);

    std::vector<Service> services_;
    std::atomic<std::size_t> full_ = 0, resumed_ = 0, broken_off_ = 0,
                             failed_ = 0;
    mutable std::mutex mutex_;  // of the two below
    std::map<Sort, std::vector<support::Session>> sessions_;
    std::string complaints_;
    std::mutex together_;
    std::vector<std::jthread> clients_;
};

}  // namespace soak
