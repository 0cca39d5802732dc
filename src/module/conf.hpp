/*
 * The directive in nginx's configuration: reading, inheritance, and what is
 * only known when all servers have been read.
 */

#pragma once

#include "backends/store.hpp"
#include "module/context.hpp"
#include "module/ngx.hpp"
#include "module/remote.hpp"

#include <memory>
#include <vector>

namespace session_cache {

/* The callbacks that an SSL_CTX had before ours: nginx's shared cache. */
struct LocalCache {
    int (*on_new)(SSL* ssl, SSL_SESSION* session) = nullptr;
    SSL_SESSION* (*on_get)(SSL* ssl, const unsigned char* id, int length,
                           int* copy) = nullptr;
    void (*on_remove)(SSL_CTX* ctx, SSL_SESSION* session) = nullptr;
};

struct ServerConf {
    std::shared_ptr<const Remote> remote; /* null: no directive anywhere */
    bool own = false;                     /* written in this very block */

    bool attached = false; /* to the server's SSL_CTX, so in use */
    Context context;       /* of that SSL_CTX */
    LocalCache local;
    backends::Store* store = nullptr; /* in a worker; the worker's */

    bool on() const noexcept {
        return remote != nullptr && remote->directive.on;
    }
};

/* What the whole of http{} has. */
struct MainConf {
    ngx_shm_zone_t* figures = nullptr; /* null: no server uses the store */
};

inline MainConf& main_conf_of(const ngx_http_request_t* r) {
    return *static_cast<MainConf*>(
        ngx_http_get_module_main_conf(r, ngx_http_ssl_session_cache_module));
}

/* What a server's configuration has of ours. */
inline ServerConf& conf_of(const ngx_http_core_srv_conf_t* server) {
    return *static_cast<ServerConf*>(
        server->ctx->srv_conf[ngx_http_ssl_session_cache_module.ctx_index]);
}

inline std::span<ngx_http_core_srv_conf_t*>
servers_of(const ngx_http_core_main_conf_t& main) {
    return elements<ngx_http_core_srv_conf_t*>(main.servers);
}

/* Whether any server does, once finish_configuration() was called. */
bool uses_store(const ngx_http_core_main_conf_t& main);

/* nginx's hooks; see ngx_http_module_t and ngx_command_t. */
void* create_main_conf(ngx_conf_t* cf) noexcept;
void* create_server_conf(ngx_conf_t* cf) noexcept;
char* merge_server_conf(ngx_conf_t* cf, void* parent, void* child) noexcept;
char* read_directive(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) noexcept;

/*
 * After all servers are read: attaches those that use the store to their
 * SSL_CTX, and warns of what will not act.
 */
ngx_int_t finish_configuration(ngx_conf_t* cf) noexcept;

}  // namespace session_cache
