#pragma once

#include "support/tls_exchange.hpp"

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace support {

// Clients that come back again and again to resume their sessions, each
// independently, one half with TLS 1.2 and the other with TLS 1.3.
class TlsLoad {
  public:
    TlsLoad(const Address& address, int clients);

    // Whether a client may come back with a session that it has just received.
    // At another node, it may be faster than the store.
    using Ready = std::function<bool(const Session& session)>;
    // They go from node to node at random.
    TlsLoad(std::vector<Address> addresses, int clients, Ready ready);
    ~TlsLoad();

    struct Tally {
        int resumed = 0;
        int full = 0;
        std::map<std::string, int> failures;  // by place

        int served() const { return resumed + full; }
        int failed() const;
        std::string text() const;  // "12 resumed, 3 full, 0 failed"
    };
    Tally tally() const;

    // Waits until so many more visits were served, or resumed.
    bool goes_on(int visits = 100) const;
    bool resumes(int visits = 100) const;

    Tally stop();

  private:
    void run(TlsOptions options, int seed);
    void visit(const Address& address, TlsOptions& options);
    void count(int& counter);

    std::vector<Address> addresses_;
    Ready ready_;
    std::atomic<bool> stopping_{false};
    mutable std::mutex mutex_;
    Tally tally_;
    std::vector<std::thread> clients_;
};

}  // namespace support
