#include "module/worker.hpp"
#include "module/version.hpp"
#include "sessions/value.hpp"

#include <algorithm>
#include <openssl/crypto.h>

namespace session_cache {

Worker* worker = nullptr;

namespace {

void log(backends::Level level, std::string_view line) {
    ngx_uint_t ngx_level =
        level == backends::Level::error ? NGX_LOG_ERR : NGX_LOG_NOTICE;
    ngx_str_t text = str(line);
    ngx_log_error(ngx_level, ngx_cycle->log, 0, "remote_ssl_session_cache: %V",
                  &text);
}

/* The number of workers. Each has stacks. */
std::size_t count_workers() {
    auto* core = reinterpret_cast<ngx_core_conf_t*>(
        ngx_get_conf(ngx_cycle->conf_ctx, ngx_core_module));
    return static_cast<std::size_t>(
        std::max(core->worker_processes, ngx_int_t{1}));
}

}  // namespace

Worker::Worker(ngx_shm_zone_t* figures)
    : figures_(figures), stacks_(coro::StackPool::default_size,
                                 &figures_.tally().stacks, count_workers()),
      scheduler_(loop_, stacks_),
      started_(loop_.make_task({[](void* self) noexcept {
                                    static_cast<Worker*>(self)->on_started();
                                },
                                this})) {}

backends::Resolver* Worker::resolver(ngx_resolver_t* resolver) {
    if (resolver == nullptr) {
        return nullptr;
    }
    return &resolvers_.try_emplace(resolver, scheduler_, resolver)
                .first->second;
}

backends::Store* Worker::store(const Remote& remote, ngx_resolver_t* resolver) {
    backends::Store* store = client(remote, resolver);
    bool known = std::any_of(
        fleets_.begin(), fleets_.end(),
        [&](const FleetKeys& fleet) { return fleet.is_of(*store, remote); });

    if (!known) {
        fleets_.emplace_back(*store, remote);
    }
    return store;
}

Snapshot Worker::snapshot() const {
    Snapshot snapshot = figures_.snapshot();
    snapshot.module = {
        .version = module_version,
        .nginx = NGINX_VERSION,
        .openssl = OpenSSL_version(OPENSSL_VERSION),
        .host = std::string(
            view(const_cast<const ngx_cycle_t*>(ngx_cycle)->hostname))};
    snapshot.keys = keys();
    return snapshot;
}

/* Each key once. Primary keys are those with which some directive seals. */
std::vector<KeyInfo> Worker::keys() const {
    std::vector<KeyInfo> all;

    for (const FleetKeys& fleet : fleets_) {
        for (const SealingKey& key : fleet.keys()) {
            std::string id = name_of("", key.id());
            bool primary = key.id() == fleet.keys().front().id();
            auto known = std::ranges::find(all, id, &KeyInfo::id);
            if (known == all.end()) {
                all.push_back({id, primary});
            } else {
                known->primary = known->primary || primary;
            }
        }
    }
    return all;
}

void Worker::on_started() noexcept {
    figures_.complete();
    for (tickets::Keyring& keyring : keyrings_) {
        keyring.start();
    }
}

void Worker::on_connected() noexcept {
    compare_keys();
    for (tickets::Keyring& keyring : keyrings_) {
        keyring.connected();
    }
}

tickets::Keyring* Worker::keyring(const Remote& remote, backends::Store& store,
                                  std::chrono::seconds lifetime) {
    const Directive& directive = remote.directive;
    tickets::Options options{
        .store = store,
        .scheduler = scheduler_,
        .meter = tally().tickets,
        .keys = remote.keys,
        .prefix = directive.prefix,
        .rotate = directive.tickets == Tickets::shared
                      ? directive.rotate
                      : std::chrono::seconds(0),
        .lifetimes = {lifetime},
        .interval = directive.store.interval,
        .clock = [] { return ngx_time(); },
        .wanted = [this] { return is_needed() && !closed_; },
        .log = log};

    auto same = std::ranges::find_if(
        keyrings_, [&](const auto& keyring) { return keyring.is_of(options); });
    if (same != keyrings_.end()) {
        same->live_for(lifetime);
        return &*same;
    }
    return &keyrings_.emplace_back(std::move(options));
}

/* Compares with all stores, because connecting is rare enough. */
void Worker::compare_keys() noexcept {
    for (FleetKeys& fleet : fleets_) {
        scheduler_.start({[](void* keys) noexcept {
                              static_cast<FleetKeys*>(keys)->compare();
                          },
                          &fleet});
    }
}

backends::Store* Worker::client(const Remote& remote,
                                ngx_resolver_t* resolver) {
    const StoreParameters& parameters = remote.directive.store;
    auto same = std::find_if(
        clients_.begin(), clients_.end(),
        [&](const Client& client) { return client.parameters == parameters; });

    if (same != clients_.end()) {
        return same->store.get();
    }

    Client client{parameters, connect(remote, resolver)};
    started_->post();
    return clients_.emplace_back(std::move(client)).store.get();
}

std::unique_ptr<backends::Store>
Worker::connect(const Remote& remote, ngx_resolver_t* nginx_resolver) {
    const StoreParameters& parameters = remote.directive.store;

    backends::Options options;
    options.resolver = resolver(nginx_resolver);
    options.user = parameters.user;
    options.password = parameters.password;
    options.db = parameters.db;
    options.interval = parameters.interval;
    options.timeout = parameters.timeout;
    options.count = parameters.count;
    options.tls = remote.tls;
    options.surveyed = parameters.surveyed;
    options.wanted = [this] { return is_needed(); };
    options.connected = [this] { on_connected(); };

    if (parameters.type == Type::memcached) {
        return connect_ring(remote, options);
    }
    if (parameters.cluster) {
        return connect_cluster(remote, std::move(options));
    }
    if (!parameters.sentinel.empty()) {
        return connect_master(remote, std::move(options));
    }
    return connect_redis(remote.servers.front(), std::move(options));
}

std::unique_ptr<backends::Store>
Worker::connect_ring(const Remote& remote, const backends::Options& options) {
    std::vector<backends::Server> servers = remote.servers;

    for (backends::Server& server : servers) {
        server.meter = &figures_.meter({"memcached", server.name});
    }
    return backends::make_memcached(scheduler_, servers, options, log);
}

std::unique_ptr<backends::Store>
Worker::connect_redis(const backends::Server& server,
                      backends::Options options) {
    options.addresses = server.addresses;
    options.host = server.host;
    options.port = server.port;
    options.tls_name = server.tls_name;
    options.meter = &figures_.meter({"redis", server.name});
    return backends::make_redis(scheduler_, std::move(options), log);
}

std::unique_ptr<backends::Store>
Worker::connect_master(const Remote& remote, backends::Options options) {
    const StoreParameters& parameters = remote.directive.store;

    options.tls_name = parameters.tls.name;
    options.meter = &figures_.meter({"redis", parameters.sentinel});
    return backends::make_sentinel(scheduler_, std::move(options),
                                   {parameters.sentinel, remote.servers,
                                    parameters.sentinel_user,
                                    parameters.sentinel_password},
                                   log);
}

std::unique_ptr<backends::Store>
Worker::connect_cluster(const Remote& remote, backends::Options options) {
    options.tls_name = remote.directive.store.tls.name;
    options.meter =
        &figures_.meter({"redis", "cluster of " + remote.servers.front().name});
    return backends::make_redis_cluster(scheduler_, remote.servers,
                                        std::move(options), log, &node_meters_);
}

void Worker::close() noexcept {
    if (closed_) {
        return;
    }
    closed_ = true;
    started_.reset();

    for (Client& client : clients_) {
        client.store->close();
    }

    figures_.leave();
}

void Worker::need() noexcept {
    ++needs_;
    if (ngx_exiting && needs_ == 1) {
        reconsider();
    }
}

void Worker::need_no_more() noexcept {
    --needs_;
    if (ngx_exiting && needs_ == 0) {
        reconsider();
    }
}

void Worker::reconsider() noexcept {
    for (Client& client : clients_) {
        client.store->reconsider();
    }
}

bool Worker::is_news(Refusal refusal) {
    backends::Trouble& trouble = refusals_[static_cast<std::size_t>(refusal)];
    coro::Time now = loop_.now();

    trouble.worked(now);
    return trouble.failed(text(refusal), now);
}

}  // namespace session_cache
