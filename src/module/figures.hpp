/*
 * The workers' figures, in memory that all of them share and that a reload
 * keeps. Each worker writes to a slot of its own and never locks for it. A slot
 * outlives its worker: the next one goes on counting in it, so nothing that
 * was counted is ever lost, and there are as many as there were workers at a
 * time. But of servers, only those are kept that a living worker uses.
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
 * Adds the zone to a configuration, if it is not there already: http, stream
 * and mail have one together.
 */
ngx_int_t add_figures(ngx_conf_t* cf);

/* That which was added to a configuration, or null. */
ngx_shm_zone_t* find_figures(ngx_cycle_t* cycle);

/* The figures of this process. */
class Figures {
  public:
    /*
     * Takes a slot. Where the zone has no room, the figures are this
     * process's own, which is logged. Throws std::bad_alloc.
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
     * Those of a server's client: of each call its own. Where there are
     * several for a server, the second is told as "NAME (2)", and so on, so
     * workers have to ask in the same order. May throw std::bad_alloc.
     */
    backends::Meter& meter(const ServerName& server);

    /* Of a client that is no more: what it has counted is kept as long as a
     * worker has a client of its server. */
    void give_back(backends::Meter& meter) noexcept;

    /* Every client has its meter: what no worker uses any more is forgotten. */
    void complete() noexcept;

    /* Those of all workers, after complete(). May throw std::bad_alloc. */
    Snapshot snapshot() const;

    /* Leaves the slot to the next worker. */
    void leave() noexcept;

  private:
    ngx_shm_zone_t* shared_; /* where all workers' are */
    ngx_shm_zone_t* zone_;   /* where ours are, or null */
    Slot* slot_;
    std::list<std::unique_ptr<ServerFigures>> own_; /* no room in the zone */
};

}  // namespace session_cache
