/*
 * Looks names up with nginx's resolver (the "resolver" directive), which never
 * blocks. The calling coroutine is suspended.
 */

#pragma once

#include "backends/store.hpp"
#include "coro/coroutine.hpp"
#include "module/ngx.hpp"

namespace session_cache {

/* The resolver, or null if none is configured: then nginx makes one without
 * servers. */
inline ngx_resolver_t* configured(ngx_resolver_t* resolver) noexcept {
    bool set = resolver != nullptr && resolver != NGX_CONF_UNSET_PTR;
    return set && resolver->connections.nelts != 0 ? resolver : nullptr;
}

class Resolver final : public backends::Resolver {
  public:
    /* Both have to outlive it. */
    Resolver(coro::Scheduler& scheduler, ngx_resolver_t* resolver) noexcept
        : scheduler_(scheduler), resolver_(resolver) {}

    backends::Resolved resolve(std::string name, std::uint16_t port,
                               coro::Time deadline) override;

  private:
    coro::Scheduler& scheduler_;
    ngx_resolver_t* resolver_;
};

}  // namespace session_cache
