// What clients do while their lookup is under way, and what they get: the same
// as from a stock nginx.

#include "support/fault_table.hpp"
#include "support/store_column.hpp"
#include "support/suspension.hpp"

#include <csignal>
#include <doctest/doctest.h>
#include <map>
#include <sys/socket.h>

using namespace support;

namespace {

struct Fault {
    std::string name;
    void (*commit)(TlsClient& client);
};

// A record that a TLS 1.3 server has to ignore here, and a TLS 1.2 server
// has to refuse, unless it takes it for the one that it expects.
void send_more(TlsClient& client) {
    client.socket().write(std::string("\x14\x03\x03\x00\x01\x01", 6));
}

void send_garbage(TlsClient& client) {
    client.socket().write(std::string(5000, 'x'));
}

void half_close(TlsClient& client) {
    shutdown(client.socket().fd(), SHUT_WR);
}

void close(TlsClient& client) {
    client.socket().close();
}

void reset(TlsClient& client) {
    client.socket().abort();
}

const Fault faults[] = {
    {"closes", close},
    {"resets the connection", reset},
    {"sends more data", send_more},
    {"sends garbage", send_garbage},
    {"half-closes", half_close},
};

// How a client fares that goes on as if nothing had happened.
std::string outcome(TlsClient& client) {
    if (client.socket().fd() < 0) {
        return "gone";
    }
    try {
        client.handshake();
        const bool served = !exchange(client).body().empty();
        return !served ? "failed" : client.reused() ? "resumed" : "full";
    } catch (const TlsError&) {
        return "failed";
    } catch (const std::system_error&) {
        return "failed";
    }
}

using Outcomes = std::map<std::string, int>;

std::string text(const Outcomes& outcomes) {
    std::string line;
    for (const auto& [outcome, count] : outcomes) {
        line +=
            (line.empty() ? "" : ", ") + std::to_string(count) + ' ' + outcome;
    }
    return line;
}

// A stock nginx with a cache of its own.
class Stock {
  public:
    Stock() : node_(config()) { node_.nginx().expect_damaged_records(); }

    std::string outcome(const Fault& fault, TlsOptions options) const {
        options.session = node_.get(options).session();
        // All that the client sends is there before the server answers.
        const auto worker = node_.nginx().workers().at(0);
        kill(worker, SIGSTOP);
        TlsClient client(node_.address(), options);
        CHECK_FALSE(client.step());
        fault.commit(client);
        kill(worker, SIGCONT);
        return ::outcome(client);
    }

  private:
    static NodeConfig config() {
        NodeConfig config;
        config.nginx.load_module = false;
        config.server =
            "ssl_session_cache shared:S:1m; ssl_session_tickets off;";
        return config;
    }

    Node node_;
};

// Places for this many lookups, and for the sessions that are made meanwhile.
std::string room_for(int lookups) {
    return "timeout=60s interval=1m count=" + std::to_string(lookups + 15);
}

Outcomes outcomes(std::vector<TlsClient>& clients) {
    Outcomes found;
    for (auto& client : clients) {
        ++found[outcome(client)];
    }
    return found;
}

}  // namespace

STORE_TEST_CASE("clients that do one thing while their lookup is under way") {
    constexpr int crowd = 20;
    const Stock stock;
    Server store;
    // A place in the queue that an earlier round leaks would be missing later.
    Suspension suspension(store, {}, room_for(crowd));
    suspension.node().nginx().expect_damaged_records();
    for (const auto& fault : faults) {
        CAPTURE(fault.name);
        const FaultCell cell("Clients", fault.name, store_column<Server>());
        std::string seen;
        for (const auto& options : {tls12(), tls13()}) {
            CAPTURE(options.max_version);
            auto clients = suspension.start(crowd, {options});
            for (auto& client : clients) {
                fault.commit(client);
            }
            suspension.check_serves();
            store.thaw();
            const auto found = outcomes(clients);
            CHECK(text(found) ==
                  text({{stock.outcome(fault, options), crowd}}));
            seen += (seen.empty() ? "TLS 1.2: " : "; TLS 1.3: ") + text(found);
            clients.clear();
            suspension.check_recovers();
        }
        cell.saw(seen + "; as stock nginx, none left");
    }
}

STORE_TEST_CASE("clients that are silent while their lookup is under way") {
    const FaultCell cell("Clients", "is silent until client_header_timeout",
                         store_column<Server>());
    NodeConfig config;
    config.server = "client_header_timeout 1s;";
    Server store;
    Suspension suspension(store, config, room_for(20));
    for (const auto& options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        auto clients = suspension.start(20, {options});
        for (auto& client : clients) {
            client.socket().read_to_end();
        }
        // The store is silent for far longer.
        CHECK(suspension.node().idle());
        clients.clear();
        suspension.check_recovers();
    }
    CHECK(suspension.node().nginx().log_count(handshake_timeout()) == 40);
    cell.saw("40 closed in time, none left");
}

namespace {

// Kinds of clients in equal parts: those of `faults`, those that are silent
// until they are closed, and those that wait for their handshake.
constexpr std::size_t kinds = std::size(faults) + 2;
constexpr std::size_t silent = std::size(faults);
constexpr std::size_t per_kind = 430;

struct Crowd {
    explicit Crowd(Suspension& suspension, StoreServer& store,
                   const Address& impatient) {
        const auto sessions =
            store_sessions(store, suspension.node(), per_kind * kinds);
        REQUIRE(suspension.node().idle());
        store.freeze();
        for (std::size_t i = 0; i < sessions.size(); ++i) {
            const auto kind = i % kinds;
            const auto& to =
                kind == silent ? impatient : suspension.node().address();
            of[kind].emplace_back(to, sessions[i]);
            CHECK_FALSE(of[kind].back().step());
        }
    }

    std::vector<TlsClient> of[kinds];
};

NodeConfig crowded(const Address& impatient) {
    NodeConfig config;
    config.nginx.connections = 5000;
    config.listen = "backlog=4000";
    NodeConfig other = config;
    other.server = "client_header_timeout 1s;";
    config.http = server_block(other, impatient);
    return config;
}

}  // namespace

STORE_TEST_CASE("thousands of clients that do all of these at a time") {
    constexpr auto total = static_cast<int>(per_kind * kinds);
    const FaultCell cell("Clients", "3010 clients do all of this at a time",
                         store_column<Server>());
    const Stock stock;
    const ReservedPort impatient;
    Server store;
    Suspension suspension(store, crowded(impatient.address()), room_for(total));
    suspension.node().nginx().expect_damaged_records();
    {
        Crowd crowd(suspension, store, impatient.address());
        for (std::size_t kind = 0; kind < std::size(faults); ++kind) {
            for (auto& client : crowd.of[kind]) {
                faults[kind].commit(client);
            }
        }
        for (auto& client : crowd.of[silent]) {
            client.socket().read_to_end();
        }
        suspension.check_serves();
        store.thaw();
        for (std::size_t kind = 0; kind < std::size(faults); ++kind) {
            CAPTURE(faults[kind].name);
            Outcomes expected;
            for (const auto& options : {tls12(), tls13()}) {
                expected[stock.outcome(faults[kind], options)] += per_kind / 2;
            }
            CHECK(text(outcomes(crowd.of[kind])) == text(expected));
        }
        CHECK(text(outcomes(crowd.of[kinds - 1])) == "430 resumed");
    }
    suspension.check_recovers();
    auto again = suspension.start(100, {tls13()});
    store.thaw();
    CHECK(text(outcomes(again)) == "100 resumed");
    cell.saw("430 stayed and resumed, others as with stock nginx, none left");
}
