// The status page in a real browser.

#include "support/browser.hpp"
#include "support/clocks.hpp"
#include "support/key_files.hpp"
#include "support/node.hpp"

#include <cstdlib>
#include <doctest/doctest.h>

using namespace support;

namespace {

std::string url(const Node& node) {
    return "http://" + node.status().text() + "/figures?format=html";
}

int updates(const Browser& browser) {
    return std::stoi(browser.evaluate("return document.body.dataset.updates")
                         .get<std::string>());
}

// The cells of a table, row by row, without the head.
nlohmann::json table(const Browser& browser, const std::string& id) {
    return browser.evaluate(
        "return [...document.querySelectorAll('#" + id +
        " tr')].slice(1).map(r => [...r.cells].map(c => c.textContent))");
}

// The last cell of the row that begins with `name`.
std::string shown(const Browser& browser, const std::string& id,
                  const std::string& name) {
    for (const auto& row : table(browser, id)) {
        if (row[0] == name) {
            return row.back();
        }
    }
    return "";
}

// What is shown in red, or nothing.
std::string alert(const Browser& browser) {
    return browser.evaluate("const e = document.getElementById('wrong');"
                            "return e.hidden ? '' : e.textContent");
}

int points(const Browser& browser) {
    return browser
        .evaluate("return document.querySelector('#rates polyline')"
                  ".getAttribute('points').split(' ').filter(p => p).length")
        .get<int>();
}

// Addresses, with options of clients that have a session there.
using Clients = std::vector<std::pair<Address, TlsOptions>>;

// Makes `count` visits. Some clients have forgotten their session.
void visit(const Clients& clients, int count, bool forgotten = false) {
    static std::size_t nth = 0;
    for (int i = 0; i < count; ++i) {
        const auto& [address, options] = clients[++nth % clients.size()];
        get(address, forgotten || nth % 5 == 0 ? tls13() : options);
    }
}

// Clients visit two servers, in some minutes more of them than in others.
Clients visit_for_minutes(const Address& one, const Address& other,
                          Clocks& clocks) {
    Clients clients;
    for (const auto& address : {one, one, one, other}) {
        for (auto options : {tls12(), tls13()}) {
            options.session = get(address, options).session();
            clients.emplace_back(address, options);
        }
    }
    for (int minute = 0; minute < 50; ++minute) {
        visit(clients, 20 + minute % 20 + 2 * (minute % 3), minute / 4 == 7);
        clocks.skip(60);
    }
    return clients;
}

void check_clean(const Browser& browser, const Node& node) {
    const auto console = browser.console();
    CAPTURE(console.dump());
    CHECK(console.empty());
    const auto asked = browser.evaluate(
        "return performance.getEntriesByType('resource').map(e => e.name)");
    CHECK_FALSE(asked.empty());
    const auto own = "http://" + node.status().text() + "/figures?format=";
    for (const std::string each : asked) {
        CHECK(each.starts_with(own));
    }
}

}  // namespace

TEST_CASE("page: it shows the figures, and goes on doing so") {
    RedisServer redis;
    Fleet fleet(redis);
    Browser browser;
    browser.open(url(fleet.b));
    for (int round = 1; round <= 2; ++round) {
        for (auto options : {tls12(), tls13()}) {
            options.session = fleet.make(options);
            CHECK(fleet.b.get(options).reused);
        }
        redis.flush();
        const auto expected = std::to_string(2 * round);
        CHECK(eventually([&] {
            return shown(browser, "lookups", "HIT") == expected &&
                   shown(browser, "handshakes", "resumed from store") ==
                       expected;
        }));
    }
    const auto figures = fleet.b.figures();
    for (const auto& [name, count] : figures["lookups"].items()) {
        CHECK(shown(browser, "lookups", name) ==
              std::to_string(count.get<int>()));
    }
    const auto fetched = figures["servers"][0]["fetches"]["hit"].get<int>();
    CHECK(table(browser, "requests")[0][1] == std::to_string(fetched) + " hit");
    CHECK(table(browser, "servers")[0][1] == "1 of 1 healthy");
    CHECK(table(browser, "workers").size() == 1);
    CHECK(browser
              .evaluate("return document.querySelector('#rates polyline')"
                        ".getAttribute('points').length")
              .get<int>() > 0);
    const auto before = updates(browser);
    CHECK(eventually([&] { return updates(browser) >= before + 2; }));
    check_clean(browser, fleet.b);
}

// docs/status.png is status-1200-light.png of check_fits().
PRELOAD_TEST_CASE("page: it is as wide as the window, dark and light") {
    const KeyFiles keys;
    const Browser browser;
    Clocks clocks;
    const RedisServer redis;
    const MemcachedServer memcached({}, MemcachedServer::Listen::at_port);
    const ReservedPort other;
    const std::string lifetime = "ssl_session_timeout 1d;";
    NodeConfig config;
    config.server = "ssl_early_data on;" + lifetime;
    config.http =
        server_block({.server = directive(memcached, "timeout=1h") + lifetime},
                     other.address());
    const Node node(
        "remote_ssl_session_cache timeout=1h early_data=once addr=" +
            redis.address().text() + keys.parameters("ab") + ";",
        config);
    REQUIRE(
        eventually([&] { return node.nginx().log_count(": connected") == 2; }));
    const auto clients =
        visit_for_minutes(node.address(), other.address(), clocks);
    browser.open(url(node));
    for (int seen = 1; seen <= 8; ++seen) {
        CHECK(eventually([&] { return updates(browser) >= seen; }));
        visit(clients, 1);
    }
    check_fits(browser, "status", [&](const std::string& scheme) {
        const std::string back = browser.evaluate(
            "return getComputedStyle(document.body).backgroundColor");
        CHECK(back ==
              (scheme == "dark" ? "rgb(22, 24, 27)" : "rgb(250, 250, 250)"));
    });
    check_clean(browser, node);
}

TEST_CASE("page: a store that goes down shows, and that it is back") {
    RedisServer redis;
    Node node(directive(redis, "interval=50"), {});
    REQUIRE(node.connected());
    Browser browser;
    browser.open(url(node));
    const auto shows = [&](const std::string& state) {
        return eventually(
            [&] { return table(browser, "servers")[0][1] == state; });
    };
    CHECK(shows("1 of 1 healthy"));
    CHECK(alert(browser) == "");
    redis.kill9();
    CHECK(shows("0 of 1 healthy"));
    CHECK(alert(browser).find("What to do: ") != std::string::npos);
    redis.start();
    CHECK(shows("1 of 1 healthy"));

    // The store is connected, but keeps nothing.
    redis.client().config_set("maxmemory", "1");
    node.get(tls12());
    CHECK(shows("0 of 1 healthy"));
    CHECK(alert(browser).find("SETEX failed: OOM") != std::string::npos);
    CHECK(alert(browser).find("raise \"maxmemory\"") != std::string::npos);
    const auto server = node.figures()["workers"][0]["servers"][0];
    CHECK(server["state"] == "up");
    CHECK(server["healthy"] == false);
    CHECK(server["failing"] == nlohmann::json{"set"});
    redis.client().config_set("maxmemory", "0");
    node.get(tls12());
    CHECK(shows("1 of 1 healthy"));
    CHECK(alert(browser) == "");
    check_clean(browser, node);
}

TEST_CASE("page: it says who tells") {
    RedisServer redis;
    Node node(directive(redis), {});
    Browser browser;
    browser.open(url(node));
    CHECK(eventually([&] { return updates(browser) >= 1; }));
    const auto module = node.figures()["module"];
    const std::string shown_as = browser.evaluate(
        "return document.getElementById('module').textContent");
    CHECK(shown_as.find(module["version"].get<std::string>()) !=
          std::string::npos);
    CHECK(shown_as.find(module["host"].get<std::string>()) == 0);
    check_clean(browser, node);
}

// The node's clock is not the browser's.
PRELOAD_TEST_CASE("page: its curve begins with the minutes before it") {
    RedisServer redis;
    Browser browser;
    Clocks clocks(-500);
    Node node(directive(redis), {});
    for (int minute = 0; minute < 10; ++minute) {
        node.get(tls12());
        clocks.skip(60);
    }
    browser.open(url(node));
    CHECK(eventually([&] { return updates(browser) >= 1; }));
    // A minute may end meanwhile.
    CHECK(points(browser) >= 10);
    CHECK(points(browser) <= 12);
    const auto before = points(browser);
    CHECK(eventually([&] { return points(browser) > before; }));
    browser.open(url(node));
    CHECK(eventually([&] { return updates(browser) >= 1; }));
    CHECK(points(browser) >= 10);
    CHECK(
        browser.evaluate("return document.getElementById('scale').textContent")
            .get<std::string>()
            .find(" min") != std::string::npos);
    check_clean(browser, node);
}

TEST_CASE("page: what a server is called is no markup") {
    const TempDir dir;
    const auto path = (dir.path() / "<b id=x>&.sock").string();
    Node node("remote_ssl_session_cache \"addr=unix:" + path + "\";", {});
    Browser browser;
    browser.open(url(node));
    CHECK(eventually([&] {
        const auto rows = table(browser, "servers");
        return !rows.empty() && rows[0][0] == "redis unix:" + path;
    }));
    CHECK(browser.evaluate("return document.getElementById('x')").is_null());
    check_clean(browser, node);
}

TEST_CASE("page: it says when there are no new figures") {
    RedisServer redis;
    Browser browser;
    {
        Node node(directive(redis), {});
        browser.open(url(node));
        CHECK(eventually([&] { return updates(browser) >= 1; }));
        check_clean(browser, node);
    }
    CHECK(eventually([&] {
        return browser
                   .evaluate("return document.getElementById('state')"
                             ".textContent")
                   .get<std::string>()
                   .find("no new figures") == 0;
    }));
}
