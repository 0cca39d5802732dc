// What a worker under load may be short of: connections, descriptors, memory,
// places in a queue.

#include "support/operation.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <optional>
#include <sys/resource.h>
#include <unistd.h>

using namespace support;

namespace {

// More clients at a time than there is room for.
constexpr int crowd = 24;

NodeConfig few_connections() {
    NodeConfig config;
    config.nginx.connections = 10;
    return config;
}

NodeConfig few_descriptors() {
    NodeConfig config;
    config.nginx.main = "worker_rlimit_nofile 20;";
    // How long nginx accepts no connections after a failure.
    config.nginx.events = "accept_mutex_delay 20ms;";
    return config;
}

// The crowd visits a server until it has logged the complaint and until some
// visits have failed in each of the `places`.
TlsLoad::Tally visit(const Node& node, const std::string& complaint,
                     const std::vector<std::string>& places = {}) {
    node.nginx().expect_complaint(complaint);
    TlsLoad load(node.address(), crowd);
    CHECK(node.nginx().wait_log(complaint));
    CHECK(load.goes_on(200));
    CHECK(eventually([&] {
        const auto failures = load.tally().failures;
        return std::all_of(places.begin(), places.end(), [&](const auto& p) {
            return failures.count(p) == 1;
        });
    }));
    return load.stop();
}

// The same at a stock nginx with a cache of its own.
TlsLoad::Tally visit_stock(NodeConfig config, const std::string& complaint,
                           const std::vector<std::string>& places = {}) {
    config.nginx.load_module = false;
    config.server = "ssl_session_cache shared:S:1m; ssl_session_tickets off;";
    return visit(Node(config), complaint, places);
}

void check_like(const TlsLoad::Tally& ours, const TlsLoad::Tally& stock) {
    INFO("ours: " << ours.text());
    INFO("stock: " << stock.text());
    for (const auto& failure : ours.failures) {
        CAPTURE(failure.first);
        CHECK(stock.failures.count(failure.first) == 1);
    }
    CHECK(ours.resumed > 0);
}

std::string text(const TlsLoad::Tally& ours, const TlsLoad::Tally& stock) {
    return ours.text() + " (stock nginx: " + stock.text() + ")";
}

// Lets a worker's address space grow by this many bytes at most.
class MemoryLimit {
  public:
    MemoryLimit(pid_t pid, std::size_t growth) : pid_(pid) {
        const auto pages =
            std::stoul(read_file("/proc/" + std::to_string(pid) + "/statm"));
        prlimit(pid_, RLIMIT_AS, nullptr, &before_);
        rlimit limit = before_;
        limit.rlim_cur =
            pages * static_cast<rlim_t>(sysconf(_SC_PAGESIZE)) + growth;
        REQUIRE(prlimit(pid_, RLIMIT_AS, &limit, nullptr) == 0);
    }
    ~MemoryLimit() { prlimit(pid_, RLIMIT_AS, &before_, nullptr); }
    MemoryLimit(const MemoryLimit&) = delete;
    MemoryLimit& operator=(const MemoryLimit&) = delete;

  private:
    pid_t pid_;
    rlimit before_{};
};

}  // namespace

STORE_TEST_CASE("worker_connections exhausted") {
    const FaultCell cell("Operators", "worker_connections exhausted",
                         store_column<Server>());
    const std::string complaint = "worker_connections are not enough";
    // nginx closes what it has just accepted, and also connections that wait
    // for their first request.
    const auto stock =
        visit_stock(few_connections(), complaint, {"handshake", "response"});
    Server store;
    Suspension suspension(store, few_connections());
    const auto ours = visit(suspension.node(), complaint);
    check_like(ours, stock);
    CHECK(ours.failed() > 0);
    suspension.check_recovers();
    cell.saw(text(ours, stock));
}

STORE_TEST_CASE("file descriptors exhausted") {
    const FaultCell cell("Operators", "file descriptors exhausted",
                         store_column<Server>());
    const std::string complaint = "Too many open files";
    const auto stock = visit_stock(few_descriptors(), complaint);
    Server store;
    Suspension suspension(store, few_descriptors());
    const auto ours = visit(suspension.node(), complaint);
    check_like(ours, stock);
    suspension.check_recovers();
    cell.saw(text(ours, stock));
}

STORE_TEST_CASE("a store that restarts while descriptors are exhausted") {
    const FaultCell cell("Operators",
                         "descriptors exhausted, and the store restarts",
                         store_column<Server>());
    Server store;
    Suspension suspension(store, few_descriptors());
    auto& nginx = suspension.node().nginx();
    nginx.expect_complaint("Too many open files");
    TlsLoad load(suspension.node().address(), crowd);
    CHECK(nginx.wait_log("Too many open files"));
    for (int i = 0; i < 3; ++i) {
        store.kill9();
        CHECK(load.goes_on(50));
        store.start();
        CHECK(load.goes_on(50));
    }
    const auto tally = load.stop();
    CHECK(tally.failed() == 0);
    CHECK(eventually([&] {
        const auto options = tls12(suspension.node().get(tls12()).session());
        return suspension.node().get(options).reused;
    }));
    suspension.check_recovers();
    cell.saw(tally.text());
}

STORE_TEST_CASE("no more stacks") {
    const FaultCell cell("Operators", "no memory for stacks",
                         store_column<Server>());
    Server store;
    Suspension suspension(store);
    // More than ever before at a time, so that no stack is left over.
    auto clients = suspension.start(40);
    // Less than a stack takes.
    std::optional<MemoryLimit> limit;
    limit.emplace(suspension.worker(), std::size_t{240} << 10);
    TlsLoad load(suspension.node().address(), 2);
    CHECK(suspension.node().nginx().wait_log("no stack for a coroutine"));
    CHECK(load.goes_on(20));
    limit.reset();
    store.thaw();
    CHECK(load.resumes());
    const auto tally = load.stop();
    CHECK(tally.failed() == 0);
    CHECK(suspension.node().nginx().log_count("can be started again") == 1);
    CHECK(handshake_all(clients) == clients.size());
    for (const auto& client : clients) {
        CHECK(client.reused());
    }
    clients.clear();
    suspension.check_recovers();
    cell.saw("40 earlier ones resumed; " + tally.text());
}

STORE_TEST_CASE("a queue for one") {
    const FaultCell cell("Operators", "count=1", store_column<Server>());
    Server store;
    Node node(directive(store, "count=1 timeout=60s"), {});
    REQUIRE(node.connected());
    TlsLoad load(node.address(), crowd);
    CHECK(load.goes_on(500));
    const auto tally = load.stop();
    CHECK(tally.failed() == 0);
    // In a crowd, somebody is always in the queue.
    TlsLoad single(node.address(), 1);
    CHECK(single.resumes(5));
    CHECK(single.stop().failed() == 0);
    CHECK(node.idle());
    cell.saw(tally.text());
}

STORE_TEST_CASE("a queue without an end") {
    Operation<Server> operation("count=unlimited, the store freezes 3 times",
                                {}, "count=unlimited timeout=60s");
    for (int i = 0; i < 3; ++i) {
        operation.store().freeze();
        CHECK(eventually([&] {
            return operation.node().active() == Operation<Server>::clients;
        }));
        operation.store().thaw();
        CHECK(operation.load().resumes(20));
    }
    operation.finish();
}
