/*
 * What the module does in nginx's processes for each of http, stream and mail.
 * They share the Worker: whichever is called first starts it.
 */

#pragma once

#include "module/conf.hpp"
#include "module/ngx.hpp"

namespace session_cache {

/* One of http, stream and mail. */
struct Protocol {
    /* Empty if there is no such block. May throw std::bad_alloc. */
    Servers (*servers)(ngx_cycle_t* cycle);

    /* The block's resolver, if any. Called only if there are servers. */
    ngx_resolver_t* (*resolver)(ngx_cycle_t* cycle);

    /* Guards a listen socket in a worker, if it is this protocol's and needs
     * it. */
    void (*guard)(ngx_listening_t* listening);
};

/* Called by nginx's hooks; see ngx_module_t. */
ngx_int_t init_module(ngx_cycle_t* cycle, const Protocol& protocol) noexcept;
ngx_int_t init_process(ngx_cycle_t* cycle, const Protocol& protocol) noexcept;
void exit_process(ngx_cycle_t* cycle) noexcept;

/* The module's structure for nginx. */
template <const Protocol& protocol>
constexpr ngx_module_t make_module(ngx_uint_t type, void* context,
                                   ngx_command_t* commands) {
    return {NGX_MODULE_V1,
            context,
            commands,
            type,
            nullptr, /* init master */
            [](ngx_cycle_t* cycle) { return init_module(cycle, protocol); },
            [](ngx_cycle_t* cycle) { return init_process(cycle, protocol); },
            nullptr,      /* init thread */
            nullptr,      /* exit thread */
            exit_process, /* exit process */
            nullptr,      /* exit master */
            NGX_MODULE_V1_PADDING};
}

}  // namespace session_cache
