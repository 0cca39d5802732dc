#include "backends/redis/node_table.hpp"

#include <algorithm>
#include <netinet/in.h>
#include <utility>

namespace backends::redis {

namespace {

/* How long a node is kept to which slots may be moving. */
constexpr coro::Time importing{60000};

/* The server that said so, at another port. Empty if its address has no
 * port. */
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

/* The endpoint's own name, or the name of the address that it means. */
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
      meters_(meters), listener_(listener) {}

Node& NodeTable::of(const ClusterNode& client) const noexcept {
    return **std::find_if(nodes_.begin(), nodes_.end(), [&](const auto& node) {
        return node->client.get() == &client;
    });
}

Node* NodeTable::find(const std::string& name) const noexcept {
    auto found =
        std::find_if(nodes_.begin(), nodes_.end(), [&](const auto& node) {
            return node->name == name && !node->client->closing();
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

/* Empty if the name is looked up, or the address is not known. An address that
 * is announced with a name is used only without a resolver. */
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
        node->meter = {&meters_->take(node->name), {meters_}};
        options.meter = node->meter.get();
    }
    return &add(std::move(node), std::move(options), log_);
}

/* A node has a certificate for the name that it announces. */
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
    options.surveyed = false;
    options.interval = std::max(options.interval, options.timeout);
    if (options.tls_name.empty()) {
        options.tls_name = seed.tls_name;
    }
    return add(std::make_unique<Node>(), std::move(options), log);
}

Node& NodeTable::add(std::unique_ptr<Node> node, Options options,
                     const Log& log) {
    options.queued = &queued_;
    node->tls_name = options.tls_name;
    node->client = std::make_unique<ClusterNode>(scheduler_, std::move(options),
                                                 log, listener_);
    Node& added = *nodes_.emplace_back(std::move(node));
    added.client->start();
    return added;
}

void NodeTable::assign(const Topology& topology,
                       const std::vector<Node*>& masters) noexcept {
    std::array<Node*, n_slots> told{};

    for (const Topology::Range& range : topology.ranges) {
        std::fill(told.begin() + range.first, told.begin() + range.last + 1,
                  masters[range.master]);
    }
    for (std::size_t slot = 0; slot < n_slots; ++slot) {
        give(slot, told.at(slot));
    }
}

void NodeTable::give(std::size_t slot, Node* node) noexcept {
    if (slots_.at(slot) != node) {
        slots_.at(slot) = node;
        settled_.at(slot) = scheduler_.loop().now();
    }
}

void NodeTable::retire_others(const std::vector<Node*>& masters) noexcept {
    coro::Time now = scheduler_.loop().now();

    for (const auto& node : nodes_) {
        if (node->serves() && now - node->client->last_asked >= importing &&
            std::find(masters.begin(), masters.end(), node.get()) ==
                masters.end()) {
            node->client->retire();
        }
    }
}

bool NodeTable::sweep() noexcept {
    for (const auto& node : nodes_) {
        ClusterNode& client = *node->client;
        if (client.retired() && client.idle() && !client.closing()) {
            client.close();
        }
    }

    std::erase_if(nodes_, [this](const auto& node) {
        bool gone = node->client->retired() && node->client->ended() &&
                    node->client->idle();
        if (gone) {
            std::replace(slots_.begin(), slots_.end(), node.get(),
                         static_cast<Node*>(nullptr));
        }
        return gone;
    });
    return std::any_of(nodes_.begin(), nodes_.end(), [](const auto& node) {
        return node->client->retired();
    });
}

int NodeTable::served() const noexcept {
    auto count =
        std::count_if(slots_.begin(), slots_.end(), [](const Node* node) {
            return node != nullptr && node->client->may_serve();
        });
    return static_cast<int>(count);
}

bool NodeTable::is_well() const noexcept {
    return std::find(slots_.begin(), slots_.end(), nullptr) == slots_.end() &&
           std::all_of(nodes_.begin(), nodes_.end(), [](const auto& node) {
               return !node->serves() || node->client->may_serve();
           });
}

void NodeTable::reconsider() noexcept {
    for (const auto& node : nodes_) {
        node->client->reconsider();
    }
}

void NodeTable::close() noexcept {
    for (const auto& node : nodes_) {
        node->client->close();
    }
}

}  // namespace backends::redis
