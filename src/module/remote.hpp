/*
 * One directive, read: its parameters, and the addresses and files that they
 * name.
 */

#pragma once

#include "backends/store.hpp"
#include "directive/directive.hpp"
#include "module/ngx.hpp"
#include "sessions/sealing_key.hpp"

#include <memory>
#include <string>
#include <vector>

namespace session_cache {

/* A name that nobody knew when the directive was read. */
struct Unresolved {
    std::string name;
    std::string why;
};

/* A directive as it was read, with what it led to. */
struct Remote {
    Directive directive;
    std::vector<backends::Server> servers;
    SealingKeys keys;
    std::shared_ptr<SSL_CTX> tls{};     /* null: plain connections */
    std::vector<Unresolved> unresolved; /* of servers without an address */
    bool has_addr = false;              /* "addr" was given */
    std::string file;                   /* where it was read, */
    ngx_uint_t line = 0;                /* and at which line */

    /* Whether what is unresolved may be done without: other Sentinels or seeds
     * know. */
    bool has_others() const noexcept {
        const StoreParameters& store = directive.store;
        return (store.cluster || !store.sentinel.empty()) &&
               unresolved.size() < servers.size();
    }
};

/*
 * Reads the directive that nginx is at (cf->args). With `off`, no more than
 * its parameters. Returns NGX_CONF_ERROR, logged with file and line, when
 * something is wrong. May throw std::bad_alloc.
 */
char* read_remote(ngx_conf_t* cf, Remote& remote);

}  // namespace session_cache
