#include "support/node.hpp"

#include <algorithm>
#include <cstdlib>
#include <doctest/doctest.h>
#include <sstream>

namespace support {

namespace {

NginxConfig render(const NodeConfig& config, const Address& tls,
                   const Address& status) {
    NginxConfig nginx = config.nginx;
    nginx.http = config.http + "\n" + server_block(config, tls) +
                 "server {\n    listen " + status.text() +
                 ";\n    location / { stub_status; }\n";
    if (config.nginx.load_module) {
        nginx.http +=
            "    location /figures { remote_ssl_session_cache_status; }\n";
    }
    nginx.http += "}\n";
    return nginx;
}

NodeConfig with_http(NodeConfig config, const std::string& http) {
    config.http = http + "\n" + config.http;
    return config;
}

TlsOptions with_session(const Node& node, TlsOptions options) {
    options.session = node.get(options).session();
    return options;
}

}  // namespace

std::string directive(const StoreServer& store, const std::string& parameters) {
    return "remote_ssl_session_cache " + store.parameters() + " " + parameters +
           ";";
}

NodeConfig shared_cache() {
    NodeConfig config;
    config.server = "ssl_session_cache shared:S:1m;";
    return config;
}

NodeConfig verifying_clients() {
    NodeConfig config;
    config.server = "ssl_verify_client on; ssl_client_certificate \"" +
                    certificates().client_ca.certificate.string() + "\";";
    config.response = "200 \"$ssl_client_s_dn $ssl_client_verify\"";
    return config;
}

std::string server_block(const NodeConfig& config, const Address& address) {
    std::ostringstream text;
    text << "server {\n    listen " << address.text() << " ssl "
         << config.listen << ";\n"
         << (config.quic ? "    listen " + address.text() + " quic;\n" : "")
         << "    server_name " << config.name << ";\n"
         << "    ssl_certificate \"" << config.certificate->certificate.string()
         << "\";\n"
         << "    ssl_certificate_key \"" << config.certificate->key.string()
         << "\";\n"
         << "    ssl_protocols TLSv1.2 TLSv1.3;\n    " << config.server
         << "\n    location / { return " << config.response << "; }\n}\n";
    return text.str();
}

Node::Node(const NodeConfig& config)
    : tls_(config.host), nginx_(std::make_unique<Nginx>(render(
                             config, tls_.address(), status_.address()))),
      workers_(static_cast<std::size_t>(config.nginx.workers)) {}

Node::Node(const std::string& http, NodeConfig config)
    : Node(with_http(std::move(config), http)) {}

Exchange Node::get(const TlsOptions& options) const {
    return support::get(address(), options);
}

void Node::reload(const NodeConfig& config) {
    nginx_->reload(render(config, tls_.address(), status_.address()));
}

void Node::restart(const NodeConfig& config) {
    nginx_.reset();
    nginx_ = std::make_unique<Nginx>(
        render(config, tls_.address(), status_.address()));
}

bool Node::connected(std::size_t times) const {
    return eventually(
        [&] { return nginx_->log_count(": connected") >= times * workers_; });
}

bool Node::answered() const {
    return eventually([this] {
        const auto told = figures();
        const auto& servers = told["servers"];
        return std::all_of(servers.begin(), servers.end(), [](const auto& s) {
            return s["queue"]["now"] == 0;
        });
    });
}

nlohmann::json Node::figures() const {
    return nlohmann::json::parse(
        http_body(plain_get(status_.address(), "/figures")));
}

std::size_t Node::refused(const std::string& reason) const {
    return figures()["refused_values"][reason];
}

int Node::active() const {
    const auto response = plain_get(status_.address(), "/");
    const std::string label = "Active connections: ";
    const auto at = response.find(label);
    REQUIRE(at != std::string::npos);
    // The client that asks is one of them.
    return std::atoi(response.c_str() + at + label.size()) - 1;
}

bool Node::idle() const {
    return eventually([this] { return active() == 0; });
}

// On a new connection, because the store first accepts those that came before
// it.
int count_clients(const RedisServer& redis) {
    return std::stoi(redis.client().info("clients", "connected_clients"));
}

int count_clients(const MemcachedServer& memcached) {
    return std::stoi(memcached.client().stat("curr_connections"));
}

int connected_clients(const RedisServer& redis) {
    return count_clients(redis) - 1;
}

bool wait_clients(const RedisServer& redis, int count) {
    return eventually([&] { return connected_clients(redis) == count; });
}

bool wait_stored(const StoreServer& store, const Session& session,
                 const std::string& prefix) {
    const auto key = prefix + session_id(session);
    return eventually([&] { return store.exists(key); });
}

std::vector<TlsOptions> make_sessions(const Node& node, std::size_t count,
                                      const std::vector<TlsOptions>& kinds) {
    std::vector<TlsOptions> all;
    for (std::size_t i = 0; i < count; ++i) {
        all.push_back(with_session(node, kinds[i % kinds.size()]));
    }
    return all;
}

std::vector<TlsOptions> store_sessions(const StoreServer& store,
                                       const Node& node, std::size_t count,
                                       const std::vector<TlsOptions>& kinds) {
    std::vector<TlsOptions> all;
    for (std::size_t i = 0; i < count; ++i) {
        all.push_back(with_session(node, kinds[i % kinds.size()]));
        REQUIRE(wait_stored(store, all.back().session));
    }
    return all;
}

Fleet::Fleet(StoreServer& server, const NodeConfig& config,
             const std::string& parameters)
    : store(server), a(directive(server, parameters), config),
      b(directive(server, parameters), config) {
    for (const Node* node : {&a, &b}) {
        REQUIRE(node->connected());
        REQUIRE(node->answered());
    }
}

Session Fleet::make(const TlsOptions& options) {
    const auto made = a.get(options);
    CHECK_FALSE(made.reused);
    REQUIRE(wait_stored(store, made.session()));
    REQUIRE(a.answered());
    return made.session();
}

// With a record that was not made with the connection's keys.
void spoil(const Node& node, const Session& session) {
    TlsClient client(node.address(), tls12(session));
    client.handshake();
    REQUIRE(client.reused());
    node.nginx().expect_complaint("bad record mac");
    client.socket().write("\x17\x03\x03" + std::string(1, '\0') + "\x20" +
                          std::string(0x20, 'x'));
    client.socket().read_to_end();
}

bool eventually_resumes(const Node& a, const Node& b) {
    const auto works = [&](TlsOptions options) {
        return eventually([&] {
            options.session = nullptr;
            options.session = a.get(options).session();
            // The store has to answer before that.
            return eventually([&] { return b.get(options).reused; },
                              Milliseconds{100});
        });
    };
    return works(tls12()) && works(tls13());
}

}  // namespace support
