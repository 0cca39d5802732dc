// Which figures a node reports: those of each directive for a server, and none
// of servers that are gone.

#include "support/clocks.hpp"
#include "support/node.hpp"

#include <csignal>
#include <doctest/doctest.h>
#include <set>

using namespace support;

namespace {

std::set<std::string> names_of(const nlohmann::json& servers) {
    std::set<std::string> names;
    for (const auto& server : servers) {
        names.insert(server["server"].get<std::string>());
    }
    return names;
}

// The state of a server at a node with one worker.
nlohmann::json state_of(const Node& node, const std::string& server) {
    const auto figures = node.figures();
    for (const auto& one : figures["workers"][0]["servers"]) {
        if (one["server"] == server) {
            return one["state"];
        }
    }
    return nullptr;
}

nlohmann::json connects_of(const Node& node, const std::string& server) {
    const auto figures = node.figures();
    for (const auto& one : figures["servers"]) {
        if (one["server"] == server) {
            return one["connects"];
        }
    }
    return nullptr;
}

// A directive with many servers, none of which exists.
std::string nowhere(int nth) {
    std::string text = "remote_ssl_session_cache type=memcached interval=60s";
    for (int i = 1; i <= 20; ++i) {
        text += " addr=unix:/nowhere/" + std::to_string(nth) + "/" +
                std::to_string(i);
    }
    return text + ";";
}

}  // namespace

TEST_CASE("figures: two directives for a server have one meter each") {
    RedisServer redis({"--requirepass", "secret"}, {"secret"});
    // The names for the directive of the first server{}, and of the next one.
    const auto wrong = "unix:" + redis.unix_path();
    const auto right = wrong + " (2)";
    const auto with = [&](const std::string& password) {
        return directive(redis, "auth=:" + password + " interval=20");
    };
    ReservedPort other;
    NodeConfig config;
    config.http = with("secret") +
                  server_block({.server = with("mistaken")}, other.address());
    Node node(config);
    CHECK(eventually([&] { return state_of(node, right) == "up"; }));
    CHECK(eventually([&] { return state_of(node, wrong) == "down"; }));
    const auto figures = node.figures();
    CHECK(names_of(figures["servers"]) == std::set<std::string>{wrong, right});
    CHECK(figures.dump().find("mistaken") == std::string::npos);
    CHECK(figures.dump().find("secret") == std::string::npos);

    // After a reload, the same directive goes on with its counts.
    node.nginx().reload();
    CHECK(eventually([&] { return connects_of(node, right) == 2; }));
    CHECK(connects_of(node, wrong) == 0);
    CHECK(node.figures()["servers"].size() == 2);
}

TEST_CASE("figures: servers that are gone are forgotten") {
    NodeConfig config;
    config.nginx.workers = 4;
    config.http = nowhere(0);
    Node node(config);
    for (int nth = 1; nth <= 16; ++nth) {
        CAPTURE(nth);
        config.http = nowhere(nth);
        node.reload(config);
        CHECK(node.nginx().settled());
        CHECK(eventually([&] {
            const auto names = names_of(node.figures()["servers"]);
            return names.size() == 20 &&
                   names.count("unix:/nowhere/" + std::to_string(nth) + "/1");
        }));
    }
    CHECK(node.nginx().log_count("no room") == 0);
}

TEST_CASE("figures: a worker that dies takes nothing with it") {
    RedisServer redis;
    Node node({.http = directive(redis)});
    CHECK(node.connected());
    CHECK_FALSE(node.get().reused);
    CHECK(eventually(
        [&] { return node.figures()["servers"][0]["sets"]["done"] != 0; }));
    const auto sets = node.figures()["servers"][0]["sets"]["done"];
    node.nginx().expect_complaint("exited on signal 9");
    kill(node.nginx().workers().at(0), SIGKILL);
    CHECK(node.connected(2));
    CHECK(node.figures()["servers"][0]["sets"]["done"] == sets);
}

PRELOAD_TEST_CASE("figures: the last hour's minutes survive all workers") {
    Clocks clocks;
    RedisServer redis;
    NodeConfig config;
    config.nginx.workers = 2;
    config.listen = "reuseport";
    config.server = "ssl_session_timeout 1d;";
    Node node(directive(redis), config);
    REQUIRE(node.connected());
    auto options = tls12();
    options.session = node.get(options).session();
    REQUIRE(wait_stored(redis, options.session));
    const auto sum = [&](const std::string& end, std::size_t from) {
        const auto minutes = node.figures()["minutes"];
        std::size_t count = 0;
        for (std::size_t i = from; i < minutes.size(); ++i) {
            count += minutes[i][end].get<std::size_t>();
        }
        return count;
    };
    const auto counted = [&](const std::string& end, std::size_t from,
                             std::size_t count) {
        return eventually([&] { return sum(end, from) == count; });
    };
    CHECK(counted("full", 0, 1));

    // Nobody comes for ten minutes, and then ten clients do.
    clocks.skip(600);
    const auto quiet = node.figures()["minutes"].size();
    CHECK(quiet >= 11);
    for (int i = 0; i < 10; ++i) {
        CHECK(node.get(options).reused);
    }
    const auto check_kept = [&] {
        CHECK(counted("full", 0, 1));
        CHECK(counted("resumed_from_store", 0, 10));
        CHECK(counted("resumed_from_store", 10, 10));
    };
    check_kept();
    node.nginx().reload();
    REQUIRE(node.nginx().settled());
    check_kept();
    node.nginx().expect_complaint("exited on signal 9");
    kill(node.nginx().workers().at(0), SIGKILL);
    REQUIRE(eventually([&] { return node.nginx().workers().size() == 2; }));
    check_kept();

    const auto figures = node.figures();
    const std::int64_t begin = figures["minutes"].back()["begin"];
    CHECK(begin % 60 == 0);
    CHECK(figures["time"].get<std::int64_t>() - begin < 60);

    clocks.skip(3600);
    CHECK(node.figures()["minutes"].size() == 60);
    CHECK(counted("resumed_from_store", 0, 0));
    CHECK(node.figures()["handshakes"]["resumed_from_store"] == 10);
}

TEST_CASE("figures: a long name is cut at a whole character") {
    std::string path = "/";
    while (path.size() < 107) {  // the longest possible
        path += "\xc3\xb6";
    }
    Node node({.http = "remote_ssl_session_cache addr=unix:" + path + ";"});
    const std::string name = node.figures()["servers"][0]["server"];
    CHECK(name == ("unix:" + path).substr(0, 110));
}
