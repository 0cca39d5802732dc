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
#include <vector>

namespace session_cache {

/* A directive as it was read, with what it led to. */
struct Remote {
    Directive directive;
    std::vector<backends::Server> servers;
    SealingKeys keys;
    std::shared_ptr<SSL_CTX> tls{}; /* null: plain connections */
};

/*
 * Reads the directive that nginx is at (cf->args). With `off`, no more than
 * its parameters. Returns NGX_CONF_ERROR, logged with file and line, when
 * something is wrong. May throw std::bad_alloc.
 */
char* read_remote(ngx_conf_t* cf, Remote& remote);

}  // namespace session_cache
