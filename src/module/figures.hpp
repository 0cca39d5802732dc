/*
 * The workers' figures, in memory that all workers share and that a reload
 * keeps. Each worker writes to a slot of its own, without a lock. A slot
 * outlives its worker, and the next worker goes on counting in it. So nothing
 * that was counted is lost, and there are as many slots as there were workers
 * at one time. Figures of servers are kept only while a living worker uses the
 * server.
 */

#pragma once

#include "backends/meter.hpp"
#include "module/ngx.hpp"
#include "status/snapshot.hpp"
#include "status/tally.hpp"

#include <list>
#include <memory>
#include <string>

namespace session_cache {

struct Slot;
struct ServerFigures;

/*
 * Adds the zone to a configuration, unless it is there already: http, stream
 * and mail share one.
 */
ngx_int_t add_figures(ngx_conf_t* cf);

/* The zone that was added to a configuration, or null. */
ngx_shm_zone_t* find_figures(ngx_cycle_t* cycle);

/* The figures of this process. */
class Figures {
  public:
    /*
     * Takes a slot. If the zone has no room, the figures are this process's
     * own, and that is logged. Throws std::bad_alloc.
     */
    explicit Figures(ngx_shm_zone_t* zone);

    Figures(const Figures&) = delete;
    Figures& operator=(const Figures&) = delete;
    ~Figures();

    Tally& tally() noexcept;

    /* To be called before a handshake is counted: the first one of a minute
     * begins it, for all workers. */
    void begin_minute() noexcept;

    /*
     * A meter for a client of a server, a new one at each call. If a server has
     * several, the second is shown as "NAME (2)", and so on. So all workers
     * have to call this in the same order. May throw std::bad_alloc.
     */
    backends::Meter& meter(const ServerName& server);

    /* Returns the meter of a client that is gone. Its counts are kept as long
     * as a worker has a client of the server. */
    void give_back(backends::Meter& meter) noexcept;

    /* Call this when every client has its meter. Forgets servers that no worker
     * uses any more. */
    void complete() noexcept;

    /* The figures of all workers. Call it after complete(). May throw
     * std::bad_alloc. */
    Snapshot snapshot() const;

    /* Leaves the slot to the next worker. */
    void leave() noexcept;

  private:
    ngx_shm_zone_t* shared_; /* where those of all workers are */
    ngx_shm_zone_t* zone_;   /* where this process's are, or null */
    Slot* slot_;
    std::list<std::unique_ptr<ServerFigures>> own_; /* no room in the zone */
};

}  // namespace session_cache
