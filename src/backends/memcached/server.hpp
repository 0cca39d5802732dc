/*
 * The client of one memcached.
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
 * A time to live as memcached has it at `now`, in seconds since 1970. Up to
 * 30 days it is a number of seconds; what is more is a point in time
 * (REALTIME_MAXDELTA there), of 31 bits: what lives longer lives until then.
 */
std::uint32_t expiration_of(std::chrono::seconds ttl, std::time_t now) noexcept;

class Server final : public Pipeline {
  public:
    Server(coro::Scheduler& scheduler, Options options, Log log);

  private:
    void greet() override;
    void ping() override;
    void format(const Request& request, Command& command) override;
    Loss digest(std::string_view bytes) override;
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
    Loss doubt(const Reply& reply);
    Loss complete_line(const Result& result);
    Result result_of(const Command& command, const Reply& reply) const noexcept;
    static bool fits(const Command& command, const Reply& reply) noexcept;

    std::unique_ptr<Dialect> dialect_; /* null until it is known */
    bool probing_ = false;             /* for it */
    bool in_doubt_ = false;            /* see doubt() */
};

}  // namespace backends::memcached
