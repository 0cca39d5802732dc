#include "module/resolver.hpp"

#include <array>
#include <new>
#include <span>

namespace session_cache {

namespace {

/* What a coroutine waits for. It lies in its frame. */
struct Query {
    coro::Scheduler& scheduler;
    coro::Waker waiter;
    std::uint16_t port;
    ngx_resolver_ctx_t* ctx; /* null after the answer */
    backends::Resolved result{};
};

backends::Address address_of(const ngx_resolver_addr_t& found,
                             std::uint16_t port) {
    std::array<u_char, NGX_SOCKADDR_STRLEN> text{};
    backends::Address address{};

    ngx_memcpy(&address.storage, found.sockaddr, found.socklen);
    address.length = found.socklen;

    auto* generic = reinterpret_cast<sockaddr*>(&address.storage);
    ngx_inet_set_port(generic, port);
    address.text.assign(
        reinterpret_cast<char*>(text.data()),
        ngx_sock_ntop(generic, address.length, text.data(), text.size(), 1));
    return address;
}

/* ngx_resolver_handler_pt; may be called before ngx_resolve_name() returns. */
void on_answer(ngx_resolver_ctx_t* ctx) noexcept {
    auto& query = *static_cast<Query*>(ctx->data);

    try {
        if (ctx->state != 0) {
            query.result.error = ngx_resolver_strerror(ctx->state);
        }
        for (const auto& found : std::span(ctx->addrs, ctx->naddrs)) {
            query.result.addresses.push_back(address_of(found, query.port));
        }
    } catch (const std::bad_alloc&) {
        query.result.addresses.clear(); /* none, as if it had not been asked */
    }

    query.ctx = nullptr;
    ngx_resolve_name_done(ctx);
    query.scheduler.wake(query.waiter);
}

}  // namespace

/* nginx writes to the name, so it has to be our own copy. */
backends::Resolved Resolver::resolve(std::string name, std::uint16_t port,
                                     coro::Time deadline) {
    ngx_resolver_ctx_t* ctx = ngx_resolve_start(resolver_, nullptr);

    if (ctx == nullptr || ctx == NGX_NO_RESOLVER) {
        return {.error = "no resolver"};
    }

    Query query{scheduler_, coro::next_wait(), port, ctx};
    auto left = deadline - scheduler_.loop().now();
    ctx->name = str(name);
    ctx->handler = on_answer;
    ctx->data = &query;
    ctx->timeout = static_cast<ngx_msec_t>(left.count());
    ctx->cancelable = 1;

    if (ngx_resolve_name(ctx) != NGX_OK) {
        return {.error = "no answer can be had"};
    }

    coro::wait();

    if (query.ctx != nullptr) { /* the wait was cancelled */
        ngx_resolve_name_done(query.ctx);
        return {.error = "cancelled"};
    }
    return std::move(query.result);
}

}  // namespace session_cache
