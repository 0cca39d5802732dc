#include "support/early_data.hpp"

#include "support/shared_tickets.hpp"

#include <algorithm>
#include <doctest/doctest.h>

namespace support {

namespace {

std::string new_path() {
    static int n = 0;
    return "/flight-" + std::to_string(++n);
}

std::string request(const std::string& path) {
    return "GET " + path +
           " HTTP/1.1\r\nHost: localhost\r\n"
           "Connection: close\r\n\r\n";
}

}  // namespace

NodeConfig EarlyNodes::config(const std::string& server) const {
    NodeConfig config;
    config.http = "log_format early '$remote_ssl_session_cache_early_data "
                  "$uri';";
    config.server = "ssl_early_data on;\n    access_log " +
                    log_file().string() + " early;\n    " + server;
    return config;
}

EarlyNodes::EarlyNodes(const std::string& directive, const std::string& server,
                       std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        nodes_.push_back(std::make_unique<Node>(directive, config(server)));
    }
    for (const auto& node : nodes_) {
        REQUIRE(node->connected());
    }
}

bool EarlyNodes::surveyed() const {
    const auto is_surveyed = [](const Node& node) {
        for (const auto& worker : node.figures()["workers"]) {
            for (const auto& server : worker["servers"]) {
                if (server["clock"].is_null()) {
                    return false;
                }
            }
        }
        return true;
    };
    return eventually([&] {
        return std::all_of(nodes_.begin(), nodes_.end(), [&](const auto& node) {
            return is_surveyed(*node);
        });
    });
}

bool EarlyNodes::answered() const {
    return std::all_of(nodes_.begin(), nodes_.end(),
                       [](const auto& node) { return node->answered(); });
}

std::size_t EarlyNodes::count(const std::string& result) const {
    std::size_t sum = 0;
    for (const auto& node : nodes_) {
        sum += node->figures()["early_data"][result].get<std::size_t>();
    }
    return sum;
}

bool EarlyNodes::decided(std::size_t times) const {
    return eventually([&] {
        return count("ACCEPTED") + count("REPLAYED") + count("UNKNOWN") ==
               times;
    });
}

TlsOptions EarlyNodes::with_request(const std::string& path) const {
    auto options = tls13(nodes_[0]->get(tls13()).session());
    REQUIRE((is_stateless(options.session) || nodes_[0]->answered()));
    REQUIRE(SSL_SESSION_get_max_early_data(options.session.get()) > 0);
    options.early_data = request(path);
    return options;
}

Flight EarlyNodes::record() const {
    const auto path = new_path();
    TlsClient client(nodes_[0]->address(), with_request(path));
    return {client.unsent_hello(), path};
}

bool EarlyNodes::visit(std::size_t i) const {
    const auto path = new_path();
    TlsClient client(nodes_[i]->address(), with_request(path));
    client.handshake();
    CHECK(client.reused());
    const bool accepted = client.early_data_accepted();
    if (!accepted) {
        client.write(request(path));
    }
    CHECK(client.read_some().starts_with("HTTP/1.1 200"));
    CHECK(eventually([&] { return served({"", path}) == 1; }));
    return accepted;
}

std::size_t EarlyNodes::served(const Flight& flight) const {
    return count_lines(log(), " " + flight.path + "\n");
}

std::vector<Socket> EarlyNodes::send(const Flight& flight,
                                     std::size_t times) const {
    std::vector<Socket> attackers;
    attackers.reserve(times);
    for (std::size_t i = 0; i < times; ++i) {
        attackers.emplace_back(nodes_[i % size()]->address());
    }
    for (auto& attacker : attackers) {
        attacker.write(flight.bytes);
    }
    return attackers;
}

std::size_t EarlyNodes::replay(const Flight& flight, std::size_t times) const {
    const auto before =
        count("ACCEPTED") + count("REPLAYED") + count("UNKNOWN");
    const auto accepted = count("ACCEPTED");
    const auto served_before = served(flight);
    const auto attackers = send(flight, times);
    CHECK(decided(before + times));
    // What is accepted is served without any more data from the client.
    CHECK(eventually([&] {
        return served(flight) - served_before == count("ACCEPTED") - accepted;
    }));
    return served(flight) - served_before;
}

}  // namespace support
