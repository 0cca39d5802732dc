#include "support/tls_load.hpp"

#include <random>
#include <utility>

namespace support {

int TlsLoad::Tally::failed() const {
    int sum = 0;
    for (const auto& [where, count] : failures) {
        sum += count;
    }
    return sum;
}

std::string TlsLoad::Tally::text() const {
    std::string places;
    for (const auto& [where, count] : failures) {
        places += (places.empty() ? " in " : " or ") + where;
    }
    return std::to_string(resumed) + " resumed, " + std::to_string(full) +
           " full, " + std::to_string(failed()) + " failed" + places;
}

TlsLoad::TlsLoad(const Address& address, int clients)
    : TlsLoad({address}, clients, [](const Session&) { return true; }) {}

TlsLoad::TlsLoad(std::vector<Address> addresses, int clients, Ready ready)
    : addresses_(std::move(addresses)), ready_(std::move(ready)) {
    for (int i = 0; i < clients; ++i) {
        clients_.emplace_back(
            [this, i] { run(i % 2 == 0 ? tls12() : tls13(), i); });
    }
}

TlsLoad::~TlsLoad() {
    stop();
}

TlsLoad::Tally TlsLoad::tally() const {
    const std::lock_guard lock(mutex_);
    return tally_;
}

bool TlsLoad::goes_on(int visits) const {
    const int before = tally().served();
    return eventually([&] { return tally().served() >= before + visits; });
}

bool TlsLoad::resumes(int visits) const {
    const int before = tally().resumed;
    return eventually([&] { return tally().resumed >= before + visits; });
}

TlsLoad::Tally TlsLoad::stop() {
    stopping_ = true;
    for (auto& client : clients_) {
        client.join();
    }
    clients_.clear();
    return tally();
}

void TlsLoad::run(TlsOptions options, int seed) {
    std::mt19937 random(static_cast<std::mt19937::result_type>(seed));
    std::uniform_int_distribution<std::size_t> any(0, addresses_.size() - 1);
    while (!stopping_) {
        visit(addresses_[any(random)], options);
    }
}

void TlsLoad::visit(const Address& address, TlsOptions& options) {
    const char* where = "connect";
    try {
        TlsClient client(address, options);
        where = "handshake";
        client.handshake();
        where = "response";
        const auto visit = exchange(client);
        if (!visit.response.starts_with("HTTP/1.1 200") ||
            visit.body().empty()) {
            throw TlsError("no response");
        }
        // With TLS 1.2, the resumed session remains.
        if (!visit.sessions.empty()) {
            options.session = visit.session();
            where = "store";
            if (!eventually([&] { return ready_(options.session); })) {
                throw TlsError("not stored");
            }
        }
        count(visit.reused ? tally_.resumed : tally_.full);
    } catch (const std::runtime_error&) {
        const std::lock_guard lock(mutex_);
        ++tally_.failures[where];
    }
}

void TlsLoad::count(int& counter) {
    const std::lock_guard lock(mutex_);
    ++counter;
}

}  // namespace support
