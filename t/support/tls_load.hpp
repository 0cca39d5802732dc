#pragma once

#include "support/tls_exchange.hpp"

#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace support {

// Clients that come back again and again to resume their sessions, each on
// its own, one half with TLS 1.2 and the other with TLS 1.3.
class TlsLoad {
  public:
    TlsLoad(const Address& address, int clients);
    ~TlsLoad();

    struct Tally {
        int resumed = 0;
        int full = 0;
        std::map<std::string, int> failures;  // by where they happened

        int served() const { return resumed + full; }
        int failed() const;
        std::string text() const;  // "12 resumed, 3 full, 0 failed"
    };
    Tally tally() const;

    // Until so many more visits were served; or resumed.
    bool goes_on(int visits = 100) const;
    bool resumes(int visits = 100) const;

    Tally stop();

  private:
    void run(TlsOptions options);
    void visit(TlsOptions& options);
    void count(int& counter);

    Address address_;
    std::atomic<bool> stopping_{false};
    mutable std::mutex mutex_;
    Tally tally_;
    std::vector<std::thread> clients_;
};

}  // namespace support
