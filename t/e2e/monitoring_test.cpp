// docs/monitoring only uses metrics that a node has.

#include "support/early_data.hpp"
#include "support/key_files.hpp"
#include "support/prometheus.hpp"
#include "support/redis_cluster.hpp"
#include "support/shared_tickets.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <map>
#include <regex>
#include <set>

using namespace support;

namespace {

using Strings = std::set<std::string>;

std::filesystem::path monitoring(const std::string& file) {
    return repository() / "docs/monitoring" / file;
}

// What matches the expression's first group.
Strings all_of(const std::string& text, const std::string& expression) {
    const std::regex regex(expression);
    Strings found;
    for (std::sregex_iterator at(text.begin(), text.end(), regex), end;
         at != end; ++at) {
        found.insert((*at)[1]);
    }
    return found;
}

// A node that has served clients of all kinds, so that it has all metrics.
class FeaturedNode {
  public:
    FeaturedNode()
        : node_("ssl_early_data on;" +
                    directive(redis_, "early_data=once tickets=shared" +
                                          keys_.parameters("ab")),
                config()) {
        REQUIRE(eventually([this] {
            const auto figures = node_.figures();
            const auto& worker = figures["workers"][0];
            return worker["ticket_slot"] != 0 &&
                   std::ranges::all_of(worker["servers"],
                                       [](const auto& server) {
                                           return server["state"] == "up";
                                       });
        }));
        for (const auto& address : {node_.address(), other_.address()}) {
            for (auto options : {tls12(), tls13()}) {
                options.session = get(address, options).session();
                CHECK(eventually([&] { return get(address, options).reused; }));
            }
        }
    }

    const Node& node() const { return node_; }

  private:
    // Another server, whose sessions are in a cluster.
    NodeConfig config() const {
        NodeConfig config;
        config.http = server_block({.server = "remote_ssl_session_cache " +
                                              cluster_.parameters() + ";"},
                                   other_.address());
        return config;
    }

    RedisServer redis_;
    RedisCluster cluster_;
    KeyFiles keys_;
    ReservedPort other_;
    Node node_;
};

// The labels that a metric has, with their values.
std::map<std::string, Strings> labels_of(const Prometheus& prometheus,
                                         const std::string& metric) {
    std::map<std::string, Strings> labels;
    for (const auto& series : prometheus.series(metric)) {
        for (const auto& [label, value] : series.items()) {
            labels[label].insert(value.get<std::string>());
        }
    }
    return labels;
}

// The values that a selector names are ones that its labels have.
void check_matchers(const std::map<std::string, Strings>& labels,
                    const std::string& matchers) {
    static const std::regex matcher(R"re((\w+)(?:=~|!=|=)"([^"]*)")re");
    for (std::sregex_iterator at(matchers.begin(), matchers.end(), matcher),
         end;
         at != end; ++at) {
        const std::string label = (*at)[1], values = (*at)[2];
        CAPTURE(label);
        REQUIRE(labels.count(label) == 1);
        if (values == "$job" || values == "$instance") {
            continue;
        }
        for (const auto& value : all_of(values, "([^|]+)")) {
            CAPTURE(value);
            CHECK(labels.at(label).count(value) == 1);
        }
    }
}

// Everything that an expression names exists.
void check_names(const Prometheus& prometheus, const std::string& expression) {
    CAPTURE(expression);
    static const std::regex selector(
        R"re((^|[^:\w])(ngx_ssl_session_cache_\w+)(?:\{([^}]*)\})?)re");
    Strings known;
    for (std::sregex_iterator
             at(expression.begin(), expression.end(), selector),
         end;
         at != end; ++at) {
        const std::string metric = (*at)[2];
        CAPTURE(metric);
        const auto labels = labels_of(prometheus, metric);
        REQUIRE_FALSE(labels.empty());
        check_matchers(labels, (*at)[3]);
        for (const auto& [label, values] : labels) {
            known.insert(label);
        }
    }
    for (const auto& list :
         all_of(expression, R"re((?:by|on|group_left) \(([\w, ]*)\))re")) {
        for (const auto& label : all_of(list, R"re((\w+))re")) {
            CAPTURE(label);
            CHECK((known.empty() || known.count(label) == 1));
        }
    }
}

std::string replaced(std::string text, const std::string& from,
                     const std::string& to) {
    for (auto at = text.find(from); at != text.npos; at = text.find(from)) {
        text.replace(at, from.size(), to);
    }
    return text;
}

Strings dashboard_queries() {
    Strings queries;
    const auto dashboard =
        nlohmann::json::parse(read_file(monitoring("dashboard.json")));
    for (const auto& panel : dashboard["panels"]) {
        if (panel["type"] != "row") {
            REQUIRE_FALSE(panel["targets"].empty());
        }
        for (const auto& target : panel.value("targets", nlohmann::json{})) {
            queries.insert(target["expr"]);
        }
    }
    return queries;
}

// A query with its variables filled in, as Grafana does it.
std::string filled_in(std::string query) {
    query = replaced(query, "$__rate_interval", "1m");
    query = replaced(query, "$job", "nginx");
    return replaced(query, "$instance", ".*");
}

// The runbook in which operators find what to do exists.
void check_runbook(const nlohmann::json& rule) {
    const auto runbook = rule["annotations"]["runbook"].get<std::string>();
    const auto name = rule["name"].get<std::string>();
    auto anchor = name;
    std::ranges::transform(anchor, anchor.begin(),
                           [](unsigned char c) { return std::tolower(c); });
    CHECK(runbook == "docs/monitoring/alerts.md#" + anchor);
    CHECK(count_lines(read_file(monitoring("alerts.md")),
                      "## " + name + "\n") == 1);
}

}  // namespace

TEST_CASE("monitoring: promtool accepts the rules, and the alerts' tests") {
    const auto tell = [](const std::string& verb, const std::string& file) {
        return run({"promtool", verb, "rules", monitoring(file).string()},
                   std::chrono::minutes(10));
    };
    const auto checked = tell("check", "alerts.yml");
    CAPTURE(checked.output);
    CHECK(checked.status == 0);
    const auto tested = tell("test", "alerts_test.yml");
    CAPTURE(tested.output);
    CHECK(tested.status == 0);
}

TEST_CASE("monitoring: each alert says what to do, and has a test") {
    const auto rules = read_file(monitoring("alerts.yml"));
    const auto alerts = all_of(rules, "- alert: (\\w+)\n");
    CHECK(alerts.size() >= 20);
    CHECK(all_of(read_file(monitoring("alerts_test.yml")),
                 "alertname=\"(\\w+)\"") == alerts);
}

TEST_CASE("monitoring: the rules are of what a node has") {
    const FeaturedNode featured;
    const Prometheus prometheus(featured.node().status(), "/figures",
                                monitoring("alerts.yml"));
    REQUIRE(eventually([&] {
        return !prometheus.series("ngx_ssl_session_cache_workers").empty();
    }));
    nlohmann::json rules;
    REQUIRE(eventually([&] {
        rules = prometheus.rules();
        return std::ranges::none_of(rules, [](const auto& rule) {
            return rule["health"] == "unknown";
        });
    }));
    CHECK(rules.size() > 20);
    for (const auto& rule : rules) {
        CAPTURE(rule.dump());
        CHECK(rule["health"] == "ok");
        check_names(prometheus, rule["query"]);
        if (rule["type"] == "alerting") {
            CHECK_FALSE(rule["labels"]["severity"].empty());
            CHECK_FALSE(rule["annotations"]["summary"].empty());
            CHECK_FALSE(rule["annotations"]["description"].empty());
            CHECK(rule["state"] != "firing");
            check_runbook(rule);
        }
    }
}

TEST_CASE("monitoring: each query of the dashboard has an answer") {
    const FeaturedNode featured;
    const Prometheus prometheus(featured.node().status(), "/figures",
                                monitoring("alerts.yml"));
    const auto queries = dashboard_queries();
    CHECK(queries.size() > 30);
    for (const auto& query : queries) {
        CAPTURE(query);
        // A rate needs two scrapes.
        CHECK(eventually(
            [&] { return !prometheus.query(filled_in(query)).empty(); }));
        check_names(prometheus, query);
    }
}
