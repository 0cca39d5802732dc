#include "store_cell.hpp"

#include <algorithm>
#include <iterator>

namespace support {

StoreCell::StoreCell(const std::string& column, const std::string& fault,
                     StoreServer& store, Node& a, Node& b, Store state)
    : cell_("Stores", fault, column), store_(store), a_(a), b_(b),
      worker_a_(observe(a, state)), worker_b_(observe(b, state)),
      sessions_(make_sessions(a, 10)) {
    for (const auto& options : sessions_) {
        if (state == Store::up) {
            REQUIRE(wait_stored(store, options.session));
        }
    }
}

StoreCell::StoreCell(const std::string& column, const std::string& fault,
                     Fleet& fleet)
    : StoreCell(column, fault, fleet.store, fleet.a, fleet.b) {}

StoreCell::Worker StoreCell::observe(Node& node, Store state) {
    REQUIRE(node.idle());
    const auto pids = node.nginx().workers();
    REQUIRE(pids.size() == 1);
    // The connection to the store is one more, once it is there.
    return {node, pids[0], open_sockets(pids[0]) + (state == Store::away)};
}

std::vector<TlsClient> StoreCell::start() const {
    std::vector<TlsClient> clients;
    for (const auto& options : sessions_) {
        clients.emplace_back(b_.address(), options);
        clients.back().step();
    }
    return clients;
}

void StoreCell::finish(std::vector<TlsClient>& clients) {
    CHECK(handshake_all(clients) == clients.size());
    for (auto& client : clients) {
        ++(client.reused() ? resumed_ : full_);
        check_served(client, worker_b_);
    }
}

void StoreCell::check_served(TlsClient& client, const Worker& worker) {
    const auto done = exchange(client);
    CHECK(done.response.starts_with("HTTP/1.1 200 "));
    CHECK(done.body() == std::to_string(worker.pid));
}

void StoreCell::visit() {
    for (int i = 0; i < 2; ++i) {
        auto clients = start();
        for (const auto* worker : {&worker_a_, &worker_b_}) {
            for (const auto& options : {tls12(), tls13()}) {
                TlsClient fresh(worker->node.address(), options);
                fresh.handshake();
                CHECK_FALSE(fresh.reused());
                check_served(fresh, *worker);
            }
        }
        finish(clients);
    }
}

void StoreCell::expect_full() {
    outcome_ = "full";
    CHECK(full_ > 0);
    CHECK(resumed_ == 0);
}

void StoreCell::expect_resumed() {
    outcome_ = "resumed";
    CHECK(full_ == 0);
    CHECK(resumed_ > 0);
}

void StoreCell::recovers(const std::string& remark) {
    CHECK(resumes(tls12()));
    CHECK(resumes(tls13()));
    CHECK(eventually([this] { return queue_is_free(); }));
    check_nothing_left(worker_a_);
    check_nothing_left(worker_b_);
    cell_.saw(seen() + (remark.empty() ? "" : ", " + remark) +
              (outcome_ == "resumed" ? "" : ", resumes after"));
}

// Whether a session that is made now resumes. First the nodes have to notice
// that the store is back, and it has to answer what it was asked before.
bool StoreCell::resumes(const TlsOptions& made) const {
    return eventually([&] {
        auto options = made;
        options.session = a_.get(made).session();
        return eventually([&] { return b_.get(options).reused; },
                          Milliseconds{100});
    });
}

// Whether as many lookups can wait at a time as the queue has places.
bool StoreCell::queue_is_free() const {
    // One of several servers may be dead, and its sessions do not count.
    std::vector<TlsOptions> stored;
    for (int i = 0; i < 3 * queue_size && std::ssize(stored) < queue_size;
         ++i) {
        const auto options = make_sessions(a_, 1, {tls12()}).front();
        if (eventually([&] { return b_.get(options).reused; },
                       Milliseconds{100})) {
            stored.push_back(options);
        }
    }
    store_.freeze();
    std::vector<TlsClient> clients;
    for (const auto& options : stored) {
        clients.emplace_back(b_.address(), options);
        clients.back().step();
    }
    const bool waited = eventually([&] { return b_.active() == queue_size; },
                                   Milliseconds{100});
    store_.thaw();
    handshake_all(clients);
    return waited && std::all_of(clients.begin(), clients.end(),
                                 [](auto& c) { return c.reused(); });
}

void StoreCell::check_nothing_left(const Worker& worker) {
    CHECK(worker.node.idle());
    CHECK(
        eventually([&] { return open_sockets(worker.pid) == worker.sockets; }));
    CHECK(worker.node.nginx().workers() == std::vector{worker.pid});
}

std::vector<std::string> StoreCell::keys() const {
    std::vector<std::string> all;
    for (const auto& options : sessions_) {
        all.push_back("ngx_ssl:" + session_id(options.session));
    }
    return all;
}

std::string StoreCell::seen() const {
    return std::to_string(full_ + resumed_) + " " + outcome_;
}

}  // namespace support
