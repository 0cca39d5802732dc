#include "module/worker.hpp"

#include <algorithm>

namespace session_cache {

namespace {

void log(backends::Level level, std::string_view line) {
    ngx_uint_t ngx_level =
        level == backends::Level::error ? NGX_LOG_ERR : NGX_LOG_NOTICE;
    ngx_str_t text = str(line);
    ngx_log_error(ngx_level, ngx_cycle->log, 0, "remote_ssl_session_cache: %V",
                  &text);
}

}  // namespace

Worker::Worker(ngx_resolver_t* resolver) : scheduler_(loop_, stacks_) {
    if (resolver != nullptr) {
        resolver_.emplace(scheduler_, resolver);
    }
}

backends::Store* Worker::store(const StoreParameters& parameters,
                               const std::vector<backends::Server>& servers,
                               const std::shared_ptr<SSL_CTX>& tls) {
    auto same = std::find_if(
        clients_.begin(), clients_.end(),
        [&](const Client& client) { return client.parameters == parameters; });

    if (same != clients_.end()) {
        return same->store.get();
    }

    backends::Options options;
    options.resolver = resolver_ ? &*resolver_ : nullptr;
    options.user = parameters.user;
    options.password = parameters.password;
    options.db = parameters.db;
    options.interval = parameters.interval;
    options.timeout = parameters.timeout;
    options.count = parameters.count;

    std::unique_ptr<backends::Store> store;
    if (parameters.type == Type::memcached) {
        store = backends::make_memcached(scheduler_, servers, options, log);
    } else {
        options.addresses = servers.front().addresses;
        options.host = servers.front().host;
        options.port = servers.front().port;
        options.tls = tls;
        options.tls_name = parameters.tls.name;
        store = backends::make_redis(scheduler_, std::move(options), log);
    }

    return clients_.emplace_back(Client{parameters, std::move(store)})
        .store.get();
}

void Worker::close() noexcept {
    for (Client& client : clients_) {
        if (client.store != nullptr) {
            client.store->close();
        }
    }

    ngx_log_error(NGX_LOG_INFO, ngx_cycle->log, 0,
                  "remote_ssl_session_cache: lookups: %uL hit, %uL miss, "
                  "%uL unavailable, %uL refused, %uL invalid",
                  counters_.hit, counters_.miss, counters_.unavailable,
                  counters_.refused, counters_.invalid);
}

}  // namespace session_cache
