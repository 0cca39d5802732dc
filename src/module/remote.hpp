/*
 * One directive: its parameters, and the addresses and files that they name.
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

/* A name that had no address when the directive was read. */
struct Unresolved {
    std::string name;
    std::string why;
};

/* A directive, with what was made from it. */
struct Remote {
    Directive directive;
    std::vector<backends::Server> servers;
    SealingKeys keys;
    std::shared_ptr<SSL_CTX> tls{};     /* null for plain connections */
    std::vector<Unresolved> unresolved; /* of servers without an address */
    bool has_addr = false;              /* "addr" was given */
    std::string file;                   /* where it was read, */
    ngx_uint_t line = 0;                /* and at which line */

    /* Whether the unresolved names can be spared, because there are other
     * Sentinels or seeds. */
    bool has_others() const noexcept {
        const StoreParameters& store = directive.store;
        return (store.cluster || !store.sentinel.empty()) &&
               unresolved.size() < servers.size();
    }
};

/*
 * Reads the directive at which nginx is (cf->args). With `off`, reads only the
 * parameters. Returns NGX_CONF_ERROR, logged with file and line, if something
 * is wrong. May throw std::bad_alloc.
 */
char* read_remote(ngx_conf_t* cf, Remote& remote);

}  // namespace session_cache
