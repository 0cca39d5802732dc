#include "fleet/nodes.hpp"

#include <utility>

namespace fleet {

using namespace support;

namespace {

// Everything else uses 127.0.0.1.
constexpr std::size_t first_host = 10;

}  // namespace

Nodes::Nodes(std::size_t count, std::string store, bool shared_tickets,
             Rotation& rotation)
    : store_(std::move(store)), shared_tickets_(shared_tickets),
      rotation_(rotation) {
    for (std::size_t i = 0; i < count; ++i) {
        start(i);
        REQUIRE(members_.back().node->connected());
    }
}

// Without nginx's own cache, so that the store is asked as often as possible.
NodeConfig Nodes::config(std::size_t number) const {
    NodeConfig config;
    config.host = "127.0.0." + std::to_string(first_host + number);
    config.nginx.workers = workers;
    config.nginx.log_level = "notice";
    if (renewed_) {
        config.certificate = &renewed_->ecdsa;
    }
    config.http = "remote_ssl_session_cache " + store_ + " timeout=200ms" +
                  (shared_tickets_ ? " tickets=shared rotate=1m" : "") +
                  key_files_.parameters(keys_) + ";";
    config.server = "ssl_session_timeout 1h;";
    config.response = "200 \"$remote_ssl_session_cache_time\"";
    return config;
}

void Nodes::start(std::size_t number) {
    auto node = std::make_unique<Node>(config(number));
    rotation_.enter(node->address());
    const std::lock_guard lock(mutex_);
    auto& member = members_.emplace_back();
    member.number = number;
    member.node = std::move(node);
}

void Nodes::reload() {
    for (auto& member : members_) {
        member.node->reload(config(member.number));
    }
}

void Nodes::restart() {
    for (auto& member : members_) {
        const auto address = member.node->address();
        rotation_.leave(address);
        {
            const std::lock_guard changing(member.changing);
            member.node->restart(config(member.number));
        }
        rotation_.enter(address);
    }
}

void Nodes::add() {
    start(members_.size());
}

void Nodes::set_keys(const std::string& letters) {
    keys_ = letters;
    reload();
}

void Nodes::renew_certificates() {
    renewed_ = std::make_unique<Certificates>();
    reload();
}

void Nodes::look(const std::function<void(const Node&)>& at) {
    const std::lock_guard lock(mutex_);
    for (auto& member : members_) {
        const std::unique_lock changing(member.changing, std::try_to_lock);
        if (changing) {
            at(*member.node);
        }
    }
}

}  // namespace fleet
