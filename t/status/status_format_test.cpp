// The figures as text: JSON and Prometheus.

#include "status/status_format.hpp"
#include "support/files.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using namespace session_cache;
using backends::Histogram;

namespace {

Snapshot with_server(const std::string& name) {
    Snapshot snapshot;
    snapshot.servers.emplace_back().server = {"redis", name};
    return snapshot;
}

Snapshot with_tickets() {
    Snapshot snapshot;
    snapshot.tickets = {.keys = {},
                        .rotated = 1,
                        .late = 2,
                        .seeds_made = 3,
                        .seeds_fetched = 4,
                        .seeds_put_back = 5,
                        .opened = {6, 7, 8},
                        .not_opened = {9, 10, 11, 12, 13}};
    return snapshot;
}

Numbers<Histogram::size> classes(std::size_t at, std::uint64_t count) {
    Numbers<Histogram::size> all{};
    all.at(at) = count;
    return all;
}

}  // namespace

TEST_CASE("quantile: of nothing there is none") {
    CHECK(quantile({}, 0.5) == 0);
}

TEST_CASE("quantile: a class is taken for spread evenly") {
    CHECK(quantile(classes(0, 10), 0.5) == 25);
    CHECK(quantile(classes(2, 10), 0.5) == 175);
    CHECK(quantile(classes(2, 10), 1) == 250);
    auto two = classes(0, 10);
    two[1] = 10;
    CHECK(quantile(two, 0.5) == 50);
    CHECK(quantile(two, 0.75) == 75);
}

TEST_CASE("quantile: nothing is known beyond the last bound") {
    CHECK(quantile(classes(Histogram::size - 1, 10), 0.5) ==
          Histogram::bounds.back());
}

TEST_CASE("JSON: each refusal has its reason, and none is no reason") {
    Snapshot snapshot;
    snapshot.refusals.back() = 3;
    const auto json = nlohmann::json::parse(to_json(snapshot));
    CHECK(json["refused_values"].size() == n_refusals - 1);
    CHECK(json["refused_values"]["expired"] == 3);
    CHECK(json["servers"].empty());
}

TEST_CASE("JSON: a server may be called anything") {
    for (const std::string name :
         {"unix:/a\"b\\c", "unix:/\xff\xfe", "unix:/\x01\n", ""}) {
        const auto json = nlohmann::json::parse(to_json(with_server(name)));
        const std::string shown = json["servers"][0]["server"];
        CHECK((shown == name || name.find('\xff') != name.npos));
    }
}

TEST_CASE("JSON: the classes of the histogram, and its percentiles") {
    auto snapshot = with_server("x");
    snapshot.servers[0].latency = classes(1, 4);
    snapshot.servers[0].latency_sum = 300;
    const auto json = nlohmann::json::parse(to_json(snapshot));
    const auto& latency = json["servers"][0]["latency_us"];
    CHECK(latency["count"] == 4);
    CHECK(latency["sum"] == 300);
    CHECK(latency["p50"] == 75);
    CHECK(latency["buckets"].size() == Histogram::size);
    CHECK(latency["buckets"][1]["le"] == 100);
    CHECK(latency["buckets"][1]["count"] == 4);
    CHECK(latency["buckets"].back()["le"] == "inf");
}

TEST_CASE("a cluster has slots, in JSON by worker, and the least of all") {
    const ServerName name{"redis", "cluster of n1:6379"};
    auto snapshot = with_server(name.name);
    for (const int slots : {16384, 10923}) {
        snapshot.workers.emplace_back().servers.push_back(
            {name, backends::Meter::State::up, 1, {}, slots, 1000 + slots});
    }
    snapshot.workers[0].servers.push_back(
        {{"redis", "n2:6379"}, backends::Meter::State::up, 1, {}});

    const auto json = nlohmann::json::parse(to_json(snapshot));
    const auto& servers = json["workers"][0]["servers"];
    CHECK(servers[0]["slots"] == 16384);
    CHECK(servers[0]["told"] == 17384);
    CHECK_FALSE(servers[1].contains("slots"));

    const auto text = to_prometheus(snapshot);
    const std::string labels = "{type=\"redis\",server=\"cluster of n1:6379\"}";
    const std::string prefix = "ngx_ssl_session_cache_store_cluster_";
    CHECK(support::count_lines(text, prefix + "slots" + labels + " 10923") ==
          1);
    CHECK(support::count_lines(text, prefix + "told_timestamp_seconds" +
                                         labels + " 11923") == 1);
}

TEST_CASE("JSON: the minutes, by how their handshakes ended") {
    Snapshot snapshot;
    snapshot.time = 90;
    snapshot.minutes = {{0, {1, 2, 3, 4, 5}}, {60, {6}}};
    const auto json = nlohmann::json::parse(to_json(snapshot));
    CHECK(json["time"] == 90);
    REQUIRE(json["minutes"].size() == 2);
    CHECK(json["minutes"][0] == nlohmann::json{{"begin", 0},
                                               {"full", 1},
                                               {"resumed_from_store", 2},
                                               {"resumed_from_local", 3},
                                               {"resumed_by_ticket", 4},
                                               {"broken_off", 5}});
    CHECK(json["minutes"][1]["begin"] == 60);
    CHECK(json["minutes"][1]["full"] == 6);
}

TEST_CASE("early data, by what became of it") {
    Snapshot snapshot;
    snapshot.early_data = {9, 1, 2, 3};
    const auto json = nlohmann::json::parse(to_json(snapshot))["early_data"];
    CHECK(json ==
          nlohmann::json{{"ACCEPTED", 1}, {"REPLAYED", 2}, {"UNKNOWN", 3}});
    const auto text = to_prometheus(snapshot);
    const std::string name = "ngx_ssl_session_cache_early_data_total";
    CHECK(support::count_lines(text, name + "{result=\"ACCEPTED\"} 1") == 1);
    CHECK(support::count_lines(text, name + "{result=\"REPLAYED\"} 2") == 1);
    CHECK(support::count_lines(text, name + "{result=\"UNKNOWN\"} 3") == 1);
    CHECK(support::count_lines(text, name + "{") == 3);
}

TEST_CASE("a clock, in JSON by worker, and the worst of all") {
    auto snapshot = with_server("x");
    for (const auto& clock : std::vector<Clock>{
             {}, {.at = 0}, {12'345, 1000}, {-20'000, 1001}, {3, 1002}}) {
        Connected connected;
        connected.server = {"redis", "x"};
        connected.clock = clock;
        snapshot.workers.emplace_back().servers.push_back(connected);
    }
    const auto json = nlohmann::json::parse(to_json(snapshot))["workers"];
    CHECK_FALSE(json[0]["servers"][0].contains("clock"));
    CHECK(json[1]["servers"][0]["clock"].is_null());
    CHECK(json[2]["servers"][0]["clock"]["ahead_ms"] == 12'345);
    CHECK(json[2]["servers"][0]["clock"]["measured"] == 1000);

    const std::string ahead = "ngx_ssl_session_cache_store_clock_ahead_seconds"
                              "{type=\"redis\",server=\"x\"} ";
    const std::string at = "ngx_ssl_session_cache_store_clock_compared_"
                           "timestamp_seconds{type=\"redis\",server=\"x\"} ";
    auto text = to_prometheus(snapshot);
    CHECK(support::count_lines(text, ahead + "-20.0") == 1);
    CHECK(support::count_lines(text, at + "0") == 1);

    snapshot.workers.erase(snapshot.workers.begin() + 1);
    text = to_prometheus(snapshot);
    CHECK(support::count_lines(text, at + "1000") == 1);

    snapshot.workers.resize(1);
    text = to_prometheus(snapshot);
    CHECK(support::count_lines(text, ahead) == 0);
    CHECK(support::count_lines(text, at) == 0);
}

TEST_CASE("a server is healthy when what it is asked for works") {
    using State = backends::Meter::State;
    auto snapshot = with_server("x");
    const auto add = [&](State state, unsigned failing) {
        Connected connected;
        connected.server = {"redis", "x"};
        connected.state = state;
        connected.failing = failing;
        connected.wrong_since = failing != 0 ? 1000 + failing : 0;
        connected.error = failing != 0 ? "SETEX failed: OOM" : "";
        connected.error_at = failing != 0 ? 2000 : 0;
        snapshot.workers.emplace_back().servers.push_back(connected);
    };
    const auto has = [&](const std::string& line, const std::string& value) {
        return support::count_lines(to_prometheus(snapshot),
                                    "ngx_ssl_session_cache_store_" + line +
                                        "} " + value) == 1;
    };
    const std::string labels = "{type=\"redis\",server=\"x\"";
    add(State::up, 0);
    add(State::closed, 0);
    CHECK(has("healthy" + labels, "1"));
    add(State::up, 4);
    add(State::up, 5);
    CHECK(has("healthy" + labels, "0"));
    CHECK(has("failing_workers" + labels + ",request=\"set\"", "2"));
    CHECK(has("failing_workers" + labels + ",request=\"get\"", "1"));
    CHECK(has("wrong_since_timestamp_seconds" + labels, "1004"));

    const auto workers = nlohmann::json::parse(to_json(snapshot))["workers"];
    CHECK(workers[0]["servers"][0]["healthy"] == true);
    CHECK(workers[0]["servers"][0]["last_error"].is_null());
    const auto& sick = workers[2]["servers"][0];
    CHECK(sick["healthy"] == false);
    CHECK(sick["state"] == "up");
    CHECK(sick["failing"] == nlohmann::json{"set"});
    CHECK(sick["wrong_since"] == 1004);
    CHECK(sick["last_error"]["text"] == "SETEX failed: OOM");
    CHECK(sick["last_error"]["at"] == 2000);

    snapshot.workers.clear();
    add(State::down, 0);
    CHECK(has("healthy" + labels, "0"));
}

TEST_CASE("who tells, and with which keys") {
    Snapshot snapshot;
    snapshot.module = {"ngx_ssl_session_cache/0.1.0", "1.22.1", "OpenSSL 3",
                       "node1"};
    snapshot.keys = {{"0123", true}, {"4567", false}};
    const auto json = nlohmann::json::parse(to_json(snapshot));
    CHECK(json["module"]["version"] == "ngx_ssl_session_cache/0.1.0");
    CHECK(json["module"]["host"] == "node1");
    CHECK(json["keys"][1]["id"] == "4567");
    CHECK(json["keys"][1]["primary"] == false);
    const auto text = to_prometheus(snapshot);
    for (const auto* line :
         {R"(build_info{version="0.1.0",nginx="1.22.1",openssl="OpenSSL 3"} 1)",
          R"(key_info{id="0123",primary="true"} 1)",
          R"(key_info{id="4567",primary="false"} 1)",
          R"(lookups_total{status="none"} 0)"}) {
        CAPTURE(line);
        CHECK(support::count_lines(text, std::string("ngx_ssl_session_cache_") +
                                             line) == 1);
    }
}

TEST_CASE("JSON: tickets and their keys") {
    Snapshot snapshot = with_tickets();
    snapshot.tickets.keys.now = 14;
    snapshot.workers.emplace_back().ticket_slot = 3600;
    const auto json = nlohmann::json::parse(to_json(snapshot));
    CHECK(json["tickets"] ==
          nlohmann::json::parse(
              R"({"opened": {"current": 6, "previous": 7, "older": 8},
                  "not_opened": {"foreign": 9, "missing": 10, "no_answer": 11,
                                 "damaged": 12, "refused": 13},
                  "keys": {"now": 14, "highest": 0}, "rotated": 1, "late": 2,
                  "seeds": {"made": 3, "fetched": 4, "put_back": 5}})"));
    CHECK(json["workers"][0]["ticket_slot"] == 3600);
}

TEST_CASE("Prometheus: tickets and their keys") {
    Snapshot snapshot = with_tickets();
    const auto text = to_prometheus(snapshot);
    const std::string name = "ngx_ssl_session_cache_";
    for (const auto& line :
         {"tickets_opened_total{slot=\"current\"} 6",
          "tickets_opened_total{slot=\"older\"} 8",
          "tickets_not_opened_total{reason=\"foreign\"} 9",
          "tickets_not_opened_total{reason=\"no_answer\"} 11",
          "ticket_key_rotations_total 1", "ticket_keys_late_total 2",
          "ticket_seeds_total{what=\"made\"} 3",
          "ticket_seeds_total{what=\"put_back\"} 5",
          "ticket_slot_timestamp_seconds 0"}) {
        CAPTURE(line);
        CHECK(support::count_lines(text, name + line) == 1);
    }
}

TEST_CASE("Prometheus: the slot is that of the worker that is furthest back") {
    const auto slot = [](const Snapshot& snapshot, const std::string& value) {
        return support::count_lines(
            to_prometheus(snapshot),
            "ngx_ssl_session_cache_ticket_slot_timestamp_seconds " + value);
    };
    Snapshot snapshot;
    for (const int start : {7200, 3600, 10800}) {
        snapshot.workers.emplace_back().ticket_slot = start;
    }
    CHECK(slot(snapshot, "3600") == 1);
    snapshot.workers.emplace_back();
    CHECK(slot(snapshot, "0") == 1);
}

TEST_CASE("Prometheus: a label is quoted") {
    const auto text = to_prometheus(with_server("unix:/a\"b\\c\nd"));
    CHECK(text.find(R"(server="unix:/a\"b\\c d")") != text.npos);
}

TEST_CASE("Prometheus: buckets are cumulative, durations seconds") {
    auto snapshot = with_server("x");
    snapshot.servers[0].latency = classes(1, 4);
    snapshot.servers[0].latency[3] = 2;
    snapshot.servers[0].latency_sum = 1500;
    const auto text = to_prometheus(snapshot);
    const std::string name = "ngx_ssl_session_cache_"
                             "store_fetch_duration_seconds";
    const std::string labels = "{type=\"redis\",server=\"x\"";
    for (const auto& line : {name + "_bucket" + labels + ",le=\"5e-05\"} 0",
                             name + "_bucket" + labels + ",le=\"0.0001\"} 4",
                             name + "_bucket" + labels + ",le=\"0.0005\"} 6",
                             name + "_bucket" + labels + ",le=\"+Inf\"} 6",
                             name + "_sum" + labels + "} 0.0015",
                             name + "_count" + labels + "} 6"}) {
        CAPTURE(line);
        CHECK(support::count_lines(text, line) == 1);
    }
}

TEST_CASE("Prometheus: each family has its head once, before its samples") {
    auto snapshot = with_server("x");
    snapshot.servers.push_back(snapshot.servers[0]);
    snapshot.servers[1].server.name = "y";
    const auto text = to_prometheus(snapshot);
    CHECK(support::count_lines(text, "# TYPE ngx_ssl_session_cache_"
                                     "store_fetches_total counter") == 1);
    CHECK(support::count_lines(text, "# HELP ") ==
          support::count_lines(text, "# TYPE "));
}
