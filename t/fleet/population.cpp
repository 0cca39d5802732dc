#include "fleet/population.hpp"

#include "support/tls_exchange.hpp"

#include <algorithm>
#include <condition_variable>
#include <sstream>
#include <stdexcept>

namespace fleet {

using namespace support;
using std::chrono::duration;
using std::chrono::duration_cast;
using std::chrono::microseconds;

namespace {

// Enough for a second's visits if each waits for the store as long as it may.
constexpr int threads = 48;
constexpr double new_ones = 0.05;
// How late a visit may be and still be made. Later ones are skipped.
constexpr std::chrono::seconds latest{1};

std::uint32_t since(Clock::time_point begin) {
    return static_cast<std::uint32_t>(
        duration_cast<microseconds>(Clock::now() - begin).count());
}

// Seconds as in nginx's variable: "0.000146", or "-".
std::uint32_t microseconds_of(const std::string& text) {
    return text == "-" ? 0 : static_cast<std::uint32_t>(1e6 * std::stod(text));
}

// The wait for the store, from the response.
std::uint32_t wait_of(const Exchange& exchange) {
    if (!exchange.response.starts_with("HTTP/1.1 200")) {
        throw TlsError("no response");
    }
    return microseconds_of(exchange.body());
}

void wait_until(Clock::time_point due, const std::stop_token& stopped) {
    std::mutex mutex;
    std::unique_lock lock(mutex);
    std::condition_variable_any nobody;
    nobody.wait_until(lock, stopped, due, [] { return false; });
}

}  // namespace

Population::Population(std::size_t clients, double rate, unsigned seed,
                       Rotation& rotation, Timeline& timeline)
    : rotation_(rotation), timeline_(timeline), rate_(rate) {
    for (std::size_t i = 0; i < clients; ++i) {
        auto& client = clients_.emplace_back(std::make_unique<Client>());
        client->version = i % 2 == 0 ? TLS1_2_VERSION : TLS1_3_VERSION;
    }
    for (unsigned i = 0; i < threads; ++i) {
        threads_.emplace_back([this, i, seed](const std::stop_token& stopped) {
            std::seed_seq seeds{seed, i};
            serve(stopped, std::mt19937(seeds));
        });
    }
}

void Population::stop() {
    for (auto& thread : threads_) {
        thread.request_stop();
    }
    threads_.clear();
}

// At random times, one random client comes. That is as if all came at random.
void Population::serve(const std::stop_token& stopped, std::mt19937 random) {
    std::uniform_int_distribution<std::size_t> any(0, clients_.size() - 1);
    auto due = Clock::now();
    while (!stopped.stop_requested()) {
        std::exponential_distribution<double> pause(rate_ / threads);
        due += duration_cast<Clock::duration>(duration<double>(pause(random)));
        due = std::max(due, Clock::now() - latest);
        wait_until(due, stopped);
        auto& client = *clients_[any(random)];
        const std::unique_lock alone(client.visiting, std::try_to_lock);
        if (alone && !stopped.stop_requested()) {
            visit(client, random);
        }
    }
}

void Population::visit(Client& client, std::mt19937& random) {
    if (std::bernoulli_distribution(new_ones)(random)) {
        client.session = nullptr;
    }
    Visit visit;
    visit.offered = client.session != nullptr;
    const auto lease = rotation_.visit(random);
    try {
        const auto begin = Clock::now();
        TlsClient tls(lease.address(), client.version == TLS1_2_VERSION
                                           ? tls12(client.session)
                                           : tls13(client.session));
        tls.handshake();
        visit.took_us = since(begin);
        const auto done = exchange(tls);
        visit.resumed = done.reused;
        visit.waited_us = wait_of(done);
        // With TLS 1.2, the resumed session may remain.
        if (!done.sessions.empty()) {
            client.session = done.session();
        }
        timeline_.add(visit);
    } catch (const std::exception& error) {
        timeline_.add_failure(lease.address().text() + ": " + error.what());
    }
}

}  // namespace fleet
