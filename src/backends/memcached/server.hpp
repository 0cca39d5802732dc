/*
 * The client of one memcached server.
 */

#pragma once

#include "backends/memcached/dialect.hpp"
#include "backends/pipeline.hpp"

#include <chrono>
#include <cstdint>
#include <ctime>
#include <memory>

namespace backends::memcached {

/*
 * A time to live in memcached's format; `now` is in seconds since 1970. Up to
 * 30 days (REALTIME_MAXDELTA there) it is a number of seconds. More is a point
 * in time of 31 bits, and later ones are cut to the last of these.
 */
std::uint32_t expiration_of(std::chrono::seconds ttl, std::time_t now) noexcept;

class Server final : public Pipeline {
  public:
    Server(coro::Scheduler& scheduler, Options options, Log log);

  private:
    void greet() override;
    void ping() override;
    void survey() override { ask_stats(Role::clock); }
    void ask_memory() override { ask_stats(Role::memory); }
    void format(const Request& request, Command& command) override;
    Loss digest(std::string_view bytes) override;
    const char* unheard() const noexcept override;
    void forget() noexcept override;
    bool wants_records() const noexcept override { return true; }

    void authenticate();
    void introduce();
    void go_on(Role answered);
    void ask_version();
    void put(Put how, const Request& request);
    void choose_dialect(char first);

    Loss handle(const Reply& reply);
    Loss meet(const Reply& reply);
    Loss deliver(const Reply& reply);
    void ask_stats(Role role);
    void note(const Reply& figure) noexcept;
    Result surveyed() noexcept;
    Loss doubt(const Reply& reply);
    Loss complete_line(const Result& result);
    Result result_of(const Command& command, const Reply& reply) const noexcept;
    static bool fits(const Command& command, const Reply& reply) noexcept;

    std::unique_ptr<Dialect> dialect_; /* null until known */
    bool probing_ = false;             /* for the dialect */
    bool in_doubt_ = false;            /* see doubt() */
    Survey survey_{};                  /* as far as it has arrived */
    bool has_evictions_ = false;       /* whether survey_ has evictions */
};

}  // namespace backends::memcached
