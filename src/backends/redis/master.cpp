#include "backends/redis/redis.hpp"
#include "backends/redis/sentinel.hpp"

#include <utility>

namespace backends {

namespace redis {

namespace {

/* A client of the present master, whose name the Sentinels resolve. */
class Master final : public Redis {
  public:
    Master(coro::Scheduler& scheduler, Options options, const Watch& watch,
           Log log)
        : Redis(scheduler, resolved_by(sentinels_, watch, std::move(options)),
                std::move(log), Believe::masters),
          sentinels_(scheduler, options_, watch) {}

  private:
    static Options resolved_by(Sentinels& sentinels, const Watch& watch,
                               Options options) {
        options.host = watch.master;
        options.names = std::exchange(options.resolver, &sentinels);
        options.spread = Sentinels::spread;
        return options;
    }

    Sentinels sentinels_; /* they are not asked before start() */
};

}  // namespace

}  // namespace redis

std::unique_ptr<Store> make_sentinel(coro::Scheduler& scheduler,
                                     Options options, const Watch& watch,
                                     Log log) {
    auto store = std::make_unique<redis::Master>(scheduler, std::move(options),
                                                 watch, std::move(log));
    store->start();
    return store;
}

}  // namespace backends
