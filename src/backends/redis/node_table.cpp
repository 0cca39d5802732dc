#include "backends/redis/node_table.hpp"

#include <algorithm>
#include <netinet/in.h>
#include <utility>

namespace backends::redis {

namespace {

/* How long a node is kept that slots may be on their way to. */
constexpr coro::Time importing{60000};

/* The server that said so, at another port. None: it has no ports. */
std::vector<Address> beside(Address address, const Endpoint& endpoint) {
    std::uint16_t port = htons(endpoint.port);

    if (address.storage.ss_family == AF_INET) {
        reinterpret_cast<sockaddr_in&>(address.storage).sin_port = port;
    } else if (address.storage.ss_family == AF_INET6) {
        reinterpret_cast<sockaddr_in6&>(address.storage).sin6_port = port;
    } else {
        return {};
    }

    std::string& text = address.text;
    text.resize(std::min(text.rfind(':'), text.size()));
    text += ':' + std::to_string(endpoint.port);
    return {std::move(address)};
}

/* An endpoint's own name, or that of the address that stands for it. */
std::string name_of(const Endpoint& endpoint, const Node& from) {
    if (!endpoint.host.empty()) {
        return text_of(endpoint);
    }
    auto found = beside(from.client->address(), endpoint);
    return found.empty() ? "" : found.front().text;
}

bool is_name(const Endpoint& endpoint) {
    return !endpoint.host.empty() && !address_of(endpoint);
}

}  // namespace

NodeTable::NodeTable(coro::Scheduler& scheduler, Options options, Log log,
                     Meters* meters, ClusterNode::Listener& listener)
    : scheduler_(scheduler), options_(std::move(options)), log_(std::move(log)),
      meters_(meters), listener_(listener) {
    slots_.fill(none);
}

NodeTable::~NodeTable() {
    for (auto& node : nodes_) {
        if (node != nullptr) {
            destroy(node);
        }
    }
}

Node* NodeTable::of_slot(std::uint16_t slot) const noexcept {
    std::uint16_t index = slots_.at(slot);
    return index != none ? nodes_[index].get() : nullptr;
}

Node& NodeTable::of(const ClusterNode& client) const noexcept {
    return **std::find_if(nodes_.begin(), nodes_.end(), [&](const auto& node) {
        return node != nullptr && node->client.get() == &client;
    });
}

std::uint16_t NodeTable::index_of(const Node& node) const noexcept {
    auto found =
        std::find_if(nodes_.begin(), nodes_.end(),
                     [&](const auto& other) { return other.get() == &node; });
    return static_cast<std::uint16_t>(found - nodes_.begin());
}

Node* NodeTable::find(const std::string& name) const noexcept {
    auto found =
        std::find_if(nodes_.begin(), nodes_.end(), [&](const auto& node) {
            return node != nullptr && node->name == name &&
                   !node->client->closing();
        });
    return found != nodes_.end() ? found->get() : nullptr;
}

Node* NodeTable::reach(const Endpoint& endpoint, const Node& from) {
    std::string name = name_of(endpoint, from);
    Node* known = name.empty() ? nullptr : find(name);

    if (known != nullptr) {
        known->client->revive();
        return known;
    }
    return name.empty() || nodes_.size() >= max_nodes
               ? nullptr
               : make(endpoint, std::move(name), from);
}

bool NodeTable::is_looked_up(const Endpoint& endpoint) const {
    return options_.resolver != nullptr && is_name(endpoint);
}

/* None: it is looked up, or not known. The address that is told along with a
 * name is for those who have no resolver. */
std::vector<Address> NodeTable::addresses_of(const Endpoint& endpoint,
                                             const Node& from) const {
    if (endpoint.host.empty()) {
        return beside(from.client->address(), endpoint);
    }
    if (is_looked_up(endpoint)) {
        return {};
    }

    auto found = address_of(endpoint);
    found = found ? found : address_of(endpoint.ip, endpoint.port);
    return found ? std::vector{std::move(*found)} : std::vector<Address>();
}

Node* NodeTable::make(const Endpoint& endpoint, std::string name,
                      const Node& from) {
    Options options = options_;
    options.addresses = addresses_of(endpoint, from);
    if (is_looked_up(endpoint)) {
        options.host = endpoint.host;
        options.port = endpoint.port;
    } else if (options.addresses.empty()) {
        return nullptr;
    }
    options.tls_name = tls_name_of(endpoint, from);

    auto node = std::make_unique<Node>();
    node->name = std::move(name);
    if (meters_ != nullptr) {
        node->meter = &meters_->take(node->name);
        options.meter = node->meter;
    }
    return &add(std::move(node), std::move(options), log_);
}

/* What it is announced as is what it has a certificate for. */
std::string NodeTable::tls_name_of(const Endpoint& endpoint,
                                   const Node& from) const {
    if (!options_.tls_name.empty()) {
        return options_.tls_name;
    }
    if (is_name(endpoint) || endpoint.name.empty()) {
        return endpoint.host.empty() ? from.tls_name : endpoint.host;
    }
    return endpoint.name;
}

Node& NodeTable::add_seed(const Server& seed, const Log& log) {
    Options options = options_;

    options.addresses = seed.addresses;
    options.meter = nullptr;
    options.connected = nullptr;
    options.interval = std::max(options.interval, options.timeout);
    if (options.tls_name.empty()) {
        options.tls_name = seed.tls_name;
    }
    return add(std::make_unique<Node>(), std::move(options), log);
}

Node& NodeTable::add(std::unique_ptr<Node> node, Options options,
                     const Log& log) {
    Meter* meter = node->meter;

    try {
        options.queued = &queued_;
        node->tls_name = options.tls_name;
        node->client = std::make_unique<ClusterNode>(
            scheduler_, std::move(options), log, listener_);

        auto place = std::find(nodes_.begin(), nodes_.end(), nullptr);
        if (place == nodes_.end()) {
            place = nodes_.emplace(place);
        }
        *place = std::move(node);
        ClusterNode& client = *(*place)->client;
        client.start();
        return of(client);
    } catch (...) {
        if (meter != nullptr) {
            meters_->give_back(*meter);
        }
        throw;
    }
}

void NodeTable::assign(std::uint16_t slot, const Node& node) noexcept {
    slots_.at(slot) = index_of(node);
}

void NodeTable::assign(const Topology& topology,
                       const std::vector<Node*>& masters) noexcept {
    slots_.fill(none);
    for (const Topology::Range& range : topology.ranges) {
        const Node* master = masters[range.master];
        std::uint16_t index = master != nullptr ? index_of(*master) : none;
        std::fill(slots_.begin() + range.first, slots_.begin() + range.last + 1,
                  index);
    }
}

void NodeTable::retire_others(const std::vector<Node*>& masters) noexcept {
    coro::Time now = scheduler_.loop().now();

    for (const auto& node : nodes_) {
        if (node != nullptr && node->serves() &&
            now - node->client->last_asked >= importing &&
            std::find(masters.begin(), masters.end(), node.get()) ==
                masters.end()) {
            node->client->retire();
        }
    }
}

bool NodeTable::sweep() noexcept {
    bool left = false;

    for (auto& node : nodes_) {
        if (node == nullptr || !node->client->retired()) {
            continue;
        }
        if (node->client->idle() && !node->client->closing()) {
            node->client->close();
        }
        if (node->client->ended() && node->client->idle()) {
            destroy(node);
        } else {
            left = true;
        }
    }
    return left;
}

void NodeTable::destroy(std::unique_ptr<Node>& node) noexcept {
    std::uint16_t index = index_of(*node);
    Meter* meter = node->meter;

    std::replace(slots_.begin(), slots_.end(), index, none);
    node.reset();
    if (meter != nullptr) {
        meters_->give_back(*meter);
    }
}

int NodeTable::served() const noexcept {
    auto count = std::count_if(
        slots_.begin(), slots_.end(), [this](std::uint16_t index) {
            return index != none && nodes_[index]->client->may_serve();
        });
    return static_cast<int>(count);
}

bool NodeTable::is_well() const noexcept {
    return std::find(slots_.begin(), slots_.end(), none) == slots_.end() &&
           std::all_of(nodes_.begin(), nodes_.end(), [](const auto& node) {
               return node == nullptr || !node->serves() ||
                      node->client->may_serve();
           });
}

void NodeTable::reconsider() noexcept {
    for (const auto& node : nodes_) {
        if (node != nullptr) {
            node->client->reconsider();
        }
    }
}

void NodeTable::close() noexcept {
    for (const auto& node : nodes_) {
        if (node != nullptr) {
            node->client->close();
        }
    }
}

}  // namespace backends::redis
