// What an operator sees: variables, figures and the debug log agree with each
// other, and with what clients saw.

#include "support/files.hpp"
#include "support/key_files.hpp"
#include "support/node.hpp"

#include <array>
#include <csignal>
#include <doctest/doctest.h>
#include <map>
#include <numeric>
#include <regex>
#include <sstream>

using namespace support;

namespace {

using Counts = std::map<std::string, std::size_t>;

// The counts that are not zero.
Counts counts_of(const nlohmann::json& object) {
    Counts counts;
    for (const auto& [name, count] : object.items()) {
        if (count != 0) {
            counts[name] = count;
        }
    }
    return counts;
}

std::size_t sum_of(const Counts& counts) {
    return std::accumulate(
        counts.begin(), counts.end(), std::size_t{0},
        [](std::size_t sum, const auto& item) { return sum + item.second; });
}

NodeConfig telling(NodeConfig config = {}) {
    config.response = "200 \"$remote_ssl_session_cache_status "
                      "$remote_ssl_session_cache_time $ssl_session_reused\"";
    return config;
}

// How a handshake ends for which the caches had this status.
std::string ending_of(const std::string& status) {
    return status == "HIT"     ? "resumed_from_store"
           : status == "LOCAL" ? "resumed_from_local"
                               : "full";
}

// Compares what clients saw of a node with what the node says about itself.
class Witness {
  public:
    explicit Witness(const Node& node) : node_(node) {}

    // A visit for which the caches have this `status`.
    Exchange visit(const TlsOptions& options, const std::string& status) {
        CAPTURE(status);
        CAPTURE(options.max_version);
        auto visit = node_.get(options);
        saw(visit, status);
        return visit;
    }

    void saw(const Exchange& visit, const std::string& status) {
        std::istringstream words(visit.body());
        std::string told, time, reused;
        words >> told >> time >> reused;
        CHECK(told == status);
        const bool resumed = status == "HIT" || status == "LOCAL";
        CHECK(visit.reused == resumed);
        CHECK(reused == (resumed ? "r" : "."));
        const bool waited = status == "HIT" || status == "MISS" ||
                            status == "INVALID" || status == "TIMEOUT";
        static const std::regex seconds(R"(\d+\.\d{6})");
        CHECK(std::regex_match(time, seconds) == waited);
        CHECK((waited || time == "-"));

        ++lookups_[status];
        ++endings_[ending_of(status)];
        sessions_ += visit.sessions.size();
    }

    void check() const {
        // A client may have its answer before the node has counted.
        CHECK(eventually([this] { return agrees(node_.figures()); }));
        const auto figures = node_.figures();
        CHECK(counts_of(figures["lookups"]) == lookups_);
        CHECK(counts_of(figures["handshakes"]) == endings_);
        const auto& server = figures["servers"][0];
        auto fetches = lookups_;
        CHECK(server["fetches"]["hit"] == fetches["HIT"] + fetches["INVALID"]);
        CHECK(server["fetches"]["miss"] == fetches["MISS"]);
        CHECK(server["fetches"]["timeout"] == fetches["TIMEOUT"]);
        CHECK(server["fetches"]["down"] == fetches["DOWN"]);
        CHECK(server["fetches"]["busy"] == fetches["BUSY"]);
        CHECK(sum_of(counts_of(server["sets"])) == sessions_);
        CHECK(server["latency_us"]["count"] ==
              fetches["HIT"] + fetches["INVALID"] + fetches["MISS"] +
                  fetches["TIMEOUT"]);
        CHECK(figures["suspended"]["now"] == 0);
    }

  private:
    bool agrees(const nlohmann::json& figures) const {
        return counts_of(figures["handshakes"]) == endings_ &&
               figures["servers"][0]["queue"]["now"] == 0;
    }

    const Node& node_;
    Counts lookups_;
    Counts endings_;
    std::size_t sessions_ = 0;  // given to clients
};

// A visit of each kind, except for those that take a frozen store.
void mix(Fleet& fleet, Witness& witness, Node& local, Witness& local_witness) {
    for (auto options : {tls12(), tls13()}) {
        options.session = witness.visit(options, "-").session();
        const auto key = "ngx_ssl:" + session_id(options.session);
        REQUIRE(wait_stored(fleet.store, options.session));
        witness.visit(options, "HIT");
        local_witness.visit(options, "HIT");
        local_witness.visit(options, "LOCAL");
        const auto value = fleet.store.get(key).value();
        fleet.store.set(key, value.substr(1));
        witness.visit(options, "INVALID");
        fleet.store.erase(key);
        witness.visit(options, "MISS");
        CHECK(local.idle());
    }
}

}  // namespace

STORE_TEST_CASE("variables and figures agree with what clients saw") {
    Server store;
    Fleet fleet(store, telling(), "timeout=500 interval=20");
    Node local(directive(store), telling(shared_cache()));
    REQUIRE(local.connected());
    Witness witness(fleet.a);
    Witness local_witness(local);
    mix(fleet, witness, local, local_witness);

    auto options = tls12(witness.visit(tls12(), "-").session());
    REQUIRE(wait_stored(store, options.session));
    store.freeze();
    witness.visit(options, "TIMEOUT");
    witness.visit(options, "DOWN");
    store.thaw();
    REQUIRE(fleet.a.connected(2));
    witness.visit(options, "HIT");
    witness.check();
    local_witness.check();
    CHECK(fleet.a.refused("unknown format") == 2);
    const auto server = fleet.a.figures()["servers"][0];
    CHECK(server["connects"] == 2);
    CHECK(server["losses"] == 1);
    CHECK(server["bytes"]["fetched"] > 0);
    CHECK(server["bytes"]["stored"] > 0);
}

STORE_TEST_CASE("a full queue shows as BUSY, and who waits as suspended") {
    Server store;
    Node node(directive(store, "timeout=60s interval=60s count=1"), telling());
    REQUIRE(node.connected());
    REQUIRE(node.answered());
    Witness witness(node);
    const auto first = tls12(witness.visit(tls12(), "-").session());
    REQUIRE(node.answered());
    const auto second = tls12(witness.visit(tls12(), "-").session());
    REQUIRE(node.answered());
    REQUIRE(wait_stored(store, first.session));
    REQUIRE(wait_stored(store, second.session));

    store.freeze();
    TlsClient waiting(node.address(), first);
    waiting.step();
    CHECK(eventually([&] { return node.figures()["suspended"]["now"] == 1; }));
    CHECK(node.figures()["servers"][0]["queue"]["now"] == 1);
    CHECK(node.figures()["stacks"]["now"] == 2);
    witness.visit(second, "BUSY");
    store.thaw();
    waiting.handshake();
    witness.saw(exchange(waiting), "HIT");
    CHECK(eventually([&] { return node.figures()["stacks"]["now"] == 1; }));
    const auto figures = node.figures();
    CHECK(figures["suspended"]["highest"] == 2);  // one only briefly
    CHECK(figures["servers"][0]["queue"]["highest"] == 1);
}

TEST_CASE("a handshake with a HelloRetryRequest is one, with two lookups") {
    for (const bool has_local : {false, true}) {
        CAPTURE(has_local);
        RedisServer redis;
        auto config = telling(has_local ? shared_cache() : NodeConfig{});
        config.server += " ssl_ecdh_curve secp384r1;";
        Fleet fleet(redis, config);
        auto options = tls13();
        options.groups = "X25519:P-384";
        options.session = fleet.make(options);
        TlsClient client(fleet.b.address(), options);
        client.handshake();
        CHECK(client.hello_retry());
        CHECK(exchange(client).body().starts_with("HIT 0."));
        const auto figures = fleet.b.figures();
        CHECK(counts_of(figures["lookups"]) == Counts{{"HIT", 1}});
        // The second finds in the local cache what the first has fetched.
        CHECK(figures["servers"][0]["fetches"]["hit"] == (has_local ? 1 : 2));
    }
}

STORE_TEST_CASE("figures are those of all workers, and survive them") {
    Server store;
    NodeConfig config = telling();
    config.nginx.workers = 2;
    config.listen = "reuseport";
    Fleet fleet(store, config);
    Witness witness(fleet.a);
    const auto visit_often = [&] {
        for (int i = 0; i < 20; ++i) {
            const auto options = i % 2 ? tls12() : tls13();
            auto again = options;
            again.session = witness.visit(options, "-").session();
            REQUIRE(wait_stored(store, again.session));
            witness.visit(again, "HIT");
        }
    };
    visit_often();
    witness.check();
    CHECK(fleet.a.figures()["workers"].size() == 2);

    fleet.a.nginx().reload();
    REQUIRE(fleet.a.nginx().settled());
    REQUIRE(fleet.a.connected(2));
    witness.check();
    visit_often();
    witness.check();

    fleet.a.nginx().expect_complaint("exited on signal 9");
    kill(fleet.a.nginx().workers().at(0), SIGKILL);
    CHECK(eventually([&] {
        return fleet.a.nginx().log_count(": connected") == 5 &&
               fleet.a.figures()["workers"].size() == 2;
    }));
    visit_often();
    witness.check();
}

STORE_TEST_CASE("a handshake that is broken off is counted as such") {
    Server store;
    Node node(directive(store), {});
    REQUIRE(node.connected());
    for (const auto& options : {tls12(), tls13()}) {
        TlsClient client(node.address(), options);
        client.socket().write(client.unsent_hello());
    }
    CHECK(node.idle());
    const auto figures = node.figures();
    CHECK(counts_of(figures["handshakes"]) == Counts{{"broken_off", 2}});
    CHECK(counts_of(figures["lookups"]).empty());
}

STORE_TEST_CASE("a resumption by a stateless ticket is counted as such") {
    Server store;
    Node node(directive(store, "tickets=keep"), telling());
    REQUIRE(node.connected());
    for (auto options : {tls12(), tls13()}) {
        options.session = node.get(options).session();
        const auto visit = node.get(options);
        CHECK(visit.reused);
        CHECK(visit.body() == "TICKET - r");
    }
    CHECK(eventually([&] {
        return counts_of(node.figures()["handshakes"]) ==
               Counts{{"full", 2}, {"resumed_by_ticket", 2}};
    }));
}

TEST_CASE("each server of memcached has figures of its own") {
    MemcachedServer one, two;
    Node node("remote_ssl_session_cache type=memcached addr=unix:" +
                  one.unix_path() + " addr=unix:" + two.unix_path() + ";",
              {});
    REQUIRE(node.connected());
    REQUIRE(
        eventually([&] { return node.nginx().log_count(": connected") == 2; }));
    make_sessions(node, 40);
    const auto sets = [&](std::size_t at) -> std::size_t {
        return node.figures()["servers"][at]["sets"]["done"];
    };
    CHECK(eventually([&] { return sets(0) + sets(1) == 60; }));
    CHECK(sets(0) > 0);
    CHECK(sets(1) > 0);
    two.kill9();
    CHECK(eventually([&] {
        std::size_t down = 0;
        const auto figures = node.figures();
        for (const auto& server : figures["workers"][0]["servers"]) {
            down += server["state"] == "down" &&
                    server["server"] == "unix:" + two.unix_path();
        }
        return down == 1;
    }));
}

TEST_CASE("variables are right for each request of a connection") {
    RedisServer redis;
    Fleet fleet(redis, telling());
    for (auto options : {tls12(), tls13()}) {
        options.session = fleet.make(options);
        TlsClient client(fleet.b.address(), options);
        client.handshake();
        std::string first;
        for (int i = 0; i < 3; ++i) {
            client.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
            std::string response;
            while (http_body(response).find(" r") == std::string::npos) {
                response += client.read_some();
            }
            const auto body = http_body(response);
            CHECK(body.starts_with("HIT 0."));
            first = first.empty() ? body : first;
            CHECK(body == first);
        }
    }
}

TEST_CASE("variables are empty where no handshake was recorded") {
    RedisServer redis;
    NodeConfig config;
    config.http = "server { listen unix:/dev/null; }";
    const ReservedPort port;
    config.http = "server { listen " + port.address().text() +
                  "; location / { return 200 "
                  "\"[$remote_ssl_session_cache_status]"
                  "[$remote_ssl_session_cache_time]\"; } }";
    Node node(directive(redis), config);
    CHECK(http_body(plain_get(port.address(), "/")) == "[][]");
}

TEST_CASE("the status is JSON unless another format is asked for") {
    RedisServer redis;
    Node node(directive(redis), {});
    const auto get = [&](const std::string& path, const std::string& headers) {
        return plain_get(node.status(), path, headers);
    };
    const auto has = [](const std::string& text, const std::string& part) {
        return text.find(part) != std::string::npos;
    };
    const auto json = get("/figures", "");
    CHECK(has(json, "200 OK"));
    CHECK(has(json, "Content-Type: application/json\r\n"));
    CHECK(has(json, "Cache-Control: no-store\r\n"));
    const auto metrics = get("/figures?format=prometheus", "");
    CHECK(has(metrics, "Content-Type: text/plain; version=0.0.4"));
    CHECK(has(metrics, "\n# TYPE ngx_ssl_session_cache_handshakes_total "));
    const char* browser = "Accept: text/html,application/xhtml+xml\r\n";
    CHECK(has(get("/figures", browser), "Content-Type: text/html"));
    CHECK(has(get("/figures?format=json", browser), "application/json"));
    CHECK(has(get("/figures?format=html", ""), "<!DOCTYPE html>"));
    CHECK(has(get("/figures?format=xml", ""), "400 Bad Request"));
}

// Prometheus' own library for Python, with whichever python3 has it.
TEST_CASE("the metrics are what a client of Prometheus reads") {
    RedisServer redis;
    Fleet fleet(redis);
    const auto options = tls12(fleet.make(tls12()));
    CHECK(fleet.b.get(options).reused);
    const TempDir dir;
    const auto file = (dir.path() / "metrics").string();
    write_file(file, http_body(plain_get(fleet.b.status(),
                                         "/figures?format=prometheus")));
    const auto read = run({"/usr/bin/python3", "-c", R"(
import sys
from prometheus_client.parser import text_string_to_metric_families as parse
for family in parse(open(sys.argv[1]).read()):
    assert family.documentation, family.name
    for sample in family.samples:
        labels = ','.join(f'{k}={v}' for k, v in sample.labels.items())
        print(family.type, sample.name, labels, sample.value)
)",
                           file});
    CAPTURE(read.output);
    REQUIRE(read.status == 0);
    const std::string prefix = "ngx_ssl_session_cache_";
    const auto server = "type=redis,server=unix:" + redis.unix_path();
    for (const auto& line :
         {"counter " + prefix + "handshakes_total end=resumed_from_store 1.0",
          "counter " + prefix + "lookups_total status=HIT 1.0",
          "gauge " + prefix + "workers  1.0",
          "gauge " + prefix + "store_connections " + server + ",state=up 1.0",
          "counter " + prefix + "store_fetches_total " + server +
              ",result=hit 1.0",
          "histogram " + prefix + "store_fetch_duration_seconds_count " +
              server + " 1.0",
          "histogram " + prefix + "store_fetch_duration_seconds_bucket " +
              server + ",le=+Inf 1.0"}) {
        CHECK(count_lines(read.output, line) == 1);
    }
}

TEST_CASE("a node without the directive has a status without figures") {
    NodeConfig config;
    Node node(config);
    node.get();
    const auto figures = node.figures();
    CHECK(counts_of(figures["handshakes"]).empty());
    CHECK(figures["servers"].empty());
    CHECK(figures["workers"].empty());
}

TEST_CASE("versions and keys are told in the status, the log and the file") {
    RedisServer redis;
    const KeyFiles keys;
    Node node(directive(redis, keys.parameters("ab")), {});
    REQUIRE(node.connected());
    const auto figures = node.figures();
    const std::string version = figures["module"]["version"];
    CHECK(std::regex_match(version,
                           std::regex(R"(ngx_ssl_session_cache/[0-9].*)")));
    CHECK(node.nginx().log_count("[notice]") >= 1);
    CHECK(node.nginx().log_count(version) == 1);
    if (!module_path().empty()) {
        CHECK(read_file(module_path()).find(version) != std::string::npos);
    }

    REQUIRE(figures["keys"].size() == 2);
    const std::string first = figures["keys"][0]["id"];
    CHECK(figures["keys"][0]["primary"] == true);
    CHECK(figures["keys"][1]["primary"] == false);
    CHECK(node.nginx().log_count("key " + first + " loaded") == 1);
    const auto metrics =
        plain_get(node.status(), "/figures?format=prometheus", "");
    CHECK(metrics.find("build_info{version=\"" +
                       version.substr(version.find('/') + 1)) !=
          std::string::npos);
    CHECK(metrics.find("key_info{id=\"" + first + "\",primary=\"true\"} 1") !=
          std::string::npos);
    CHECK(metrics.find("lookups_total{status=\"none\"} 0") !=
          std::string::npos);

    node.nginx().reload();
    CHECK(eventually([&] { return node.nginx().log_count(version) == 2; }));
}

STORE_TEST_CASE("the debug log tells a handshake's story") {
    Server store;
    NodeConfig config;
    config.nginx.log_level = "debug";
    Fleet fleet(store, config);
    for (auto options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        options.session = fleet.make(options);
        const auto id = session_id(options.session);
        const auto version = options.max_version == TLS1_2_VERSION
                                 ? std::string("TLSv1.2")
                                 : std::string("TLSv1.3");
        const auto brief = id.substr(0, 4) + R"(\.\.)" + id.substr(62);
        CHECK(fleet.b.get(options).reused);

        // All of one connection, in this order.
        const std::string between = R"(\n(?:.*\n)*?.*\1)";
        const std::string us = R"( remote ssl session cache: \+\d+ us )";
        std::string all = R"((\*\d+))";
        for (const auto& line :
             {R"(handshake begins, 127\.0\.0\.1:\d+ -> )" +
                  fleet.b.address().text(),
              "session " + brief + " offered",
              "store asked for ngx_ssl:" + brief + ", suspended",
              std::string(R"(store: HIT, \d+ bytes, after \d+ us)")}) {
            all.append(us).append(line).append(between);
        }
        all.append(us).append("handshake done: " + version + " resumed, HIT");
        std::istringstream log(fleet.b.nginx().log());
        std::string own;
        for (std::string line; std::getline(log, line);) {
            if (line.find("remote ssl session cache: ") != line.npos) {
                own += line + "\n";
            }
        }
        CAPTURE(own);
        CHECK(std::regex_search(own, std::regex(all)));
        CHECK(own.find(id) == own.npos);
    }
}
