#include "module/figures.hpp"
#include "status/history.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <new>
#include <string>
#include <utility>

namespace session_cache {

namespace {

/* Room for hundreds of workers with a few servers each, or for 64 workers, half
 * of them about to exit, with clusters of 200 masters. */
constexpr std::size_t zone_size = 16 * 1024 * 1024;

/* The first `most` bytes at most, in whole UTF-8 characters. */
std::string_view cut(std::string_view text, std::size_t most) {
    constexpr unsigned mask = 0xc0;
    constexpr unsigned continues = 0x80;

    if (text.size() <= most) {
        return text;
    }
    while (most != 0 &&
           (static_cast<unsigned char>(text[most]) & mask) == continues) {
        --most;
    }
    return text.substr(0, most);
}

}  // namespace

/* What a worker counts for a server. */
struct ServerFigures {
    std::array<char, 16> type{};
    std::array<char, 112> name{}; /* longer names are cut */
    unsigned nth = 1;  /* among the worker's clients of this server */
    bool used = false; /* by the slot's worker */
    backends::Meter meter;
    ServerFigures* next = nullptr;

    ServerName server() const {
        return {type.data(),
                nth == 1 ? name.data()
                         : name.data() + (" (" + std::to_string(nth) + ")")};
    }

    bool is_of(const ServerFigures& other) const {
        return type == other.type && name == other.name && nth == other.nth;
    }
};

static_assert(sizeof(ServerFigures) <= 1024); /* so that zone_size suffices */

struct Slot {
    std::atomic<ngx_pid_t> pid{0}; /* 0 if nobody has it */
    Tally tally;
    ServerFigures* servers = nullptr;
    Slot* next = nullptr;
};

namespace {

struct Zone {
    Slot* slots = nullptr;
    History history;
};

ngx_slab_pool_t& pool_of(ngx_shm_zone_t* zone) {
    return *reinterpret_cast<ngx_slab_pool_t*>(zone->shm.addr);
}

/* Holds the zone's lock. If a worker dies with it, the lock is freed. */
class Lock {
  public:
    explicit Lock(ngx_shm_zone_t* zone) : pool_(pool_of(zone)) {
        ngx_shmtx_lock(&pool_.mutex);
    }
    ~Lock() { ngx_shmtx_unlock(&pool_.mutex); }

    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;

  private:
    ngx_slab_pool_t& pool_;
};

/* Makes an object in the zone, whose lock is held, or in our own memory if
 * there is no zone. Null if there is no room. */
template <typename T>
T* make(ngx_shm_zone_t* zone) {
    if (zone == nullptr) {
        return new T();
    }
    void* memory = ngx_slab_alloc_locked(&pool_of(zone), sizeof(T));
    return memory != nullptr ? new (memory) T() : nullptr;
}

/* EPERM means that it is alive: an old worker of another user. */
bool is_alive(ngx_pid_t pid) {
    return pid != 0 && (kill(pid, 0) == 0 || errno != ESRCH);
}

ngx_int_t init_zone(ngx_shm_zone_t* zone, void* old) {
    ngx_slab_pool_t& pool = pool_of(zone);

    if (old != nullptr) {
        zone->data = old;
    } else if (zone->shm.exists) {
        zone->data = pool.data;
    } else {
        Lock lock(zone);
        pool.log_nomem = 0; /* the caller logs it */
        pool.data = zone->data = make<Zone>(zone);
    }
    return zone->data != nullptr ? NGX_OK : NGX_ERROR;
}

Slot* take_slot(ngx_shm_zone_t* zone) {
    Lock lock(zone);
    Zone& all = *static_cast<Zone*>(zone->data);

    Slot* slot = all.slots;
    while (slot != nullptr && is_alive(slot->pid)) {
        slot = slot->next;
    }

    if (slot == nullptr) {
        slot = make<Slot>(zone);
        if (slot == nullptr) {
            return nullptr;
        }
        slot->next = all.slots;
        all.slots = slot;
    }

    for (auto* server = slot->servers; server != nullptr;
         server = server->next) {
        server->used = false;
    }
    slot->tally.suspended.set(0);
    slot->tally.stacks.set(0);
    slot->pid = ngx_pid;
    return slot;
}

std::int64_t minute_now() {
    constexpr std::int64_t seconds = 60;
    return ngx_time() / seconds;
}

/* The zone's lock is held. */
void begin_due_minute(Zone& zone) {
    History::Totals totals{};

    if (!zone.history.is_due(minute_now())) {
        return;
    }
    for (const auto* slot = zone.slots; slot != nullptr; slot = slot->next) {
        add_to(totals, slot->tally.endings);
    }
    zone.history.begin(minute_now(), totals);
}

/* The slot's figures of a server that no client uses yet. */
ServerFigures* find_unused(const Slot& slot, std::string_view type,
                           std::string_view name, unsigned& nth) {
    nth = 1;
    for (auto* figures = slot.servers; figures != nullptr;
         figures = figures->next) {
        if (figures->used && figures->type.data() == type &&
            figures->name.data() == name) {
            ++nth;
        }
    }

    auto* figures = slot.servers;
    while (figures != nullptr &&
           (figures->nth != nth || figures->type.data() != type ||
            figures->name.data() != name)) {
        figures = figures->next;
    }
    return figures;
}

ServerFigures* add_server(ngx_shm_zone_t* zone, Slot& slot,
                          std::string_view type, std::string_view name,
                          unsigned nth) {
    auto* figures = make<ServerFigures>(zone);

    if (figures != nullptr) {
        std::copy(type.begin(), type.end(), figures->type.begin());
        std::copy(name.begin(), name.end(), figures->name.begin());
        figures->nth = nth;
        figures->next = slot.servers;
        slot.servers = figures;
    }
    return figures;
}

bool is_used(const Slot* slots, const ServerFigures& figures) {
    for (const auto* slot = slots; slot != nullptr; slot = slot->next) {
        for (const auto* one = slot->servers; one != nullptr; one = one->next) {
            if (one->used && one->is_of(figures) && is_alive(slot->pid)) {
                return true;
            }
        }
    }
    return false;
}

/*
 * Frees the figures of servers of which no living worker has a client. Call it
 * in a worker that already has all of its own. So a server that stays when
 * workers exit or die keeps its counts.
 */
void sweep(ngx_shm_zone_t* zone) {
    const Slot* slots = static_cast<Zone*>(zone->data)->slots;

    for (auto* slot = static_cast<Zone*>(zone->data)->slots; slot != nullptr;
         slot = slot->next) {
        ServerFigures** at = &slot->servers;
        while (*at != nullptr) {
            if (is_used(slots, **at)) {
                at = &(*at)->next;
            } else {
                ngx_slab_free_locked(&pool_of(zone),
                                     std::exchange(*at, (*at)->next));
            }
        }
    }
}

/* If there is no room, figures that nobody uses now are freed, although this
 * worker may be about to use them. */
ServerFigures* take_server(ngx_shm_zone_t* zone, Slot& slot,
                           const ServerName& server) {
    std::string_view type = cut(server.type, sizeof(ServerFigures::type) - 1);
    std::string_view name = cut(server.name, sizeof(ServerFigures::name) - 1);
    unsigned nth = 1;

    auto* figures = find_unused(slot, type, name, nth);
    if (figures == nullptr) {
        figures = add_server(zone, slot, type, name, nth);
    }
    if (figures == nullptr) {
        sweep(zone);
        figures = add_server(zone, slot, type, name, nth);
    }

    if (figures != nullptr) {
        figures->used = true;
        figures->meter.queue.set(0); /* the worker before may have died */
        figures->meter.failing = 0;
        figures->meter.wrong_since = 0;
    }
    return figures;
}

/* Distinguishes our zone from others' zones of the same name. */
char tag;

void report_no_room() {
    ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                  "remote_ssl_session_cache: no room for the figures of this "
                  "worker, its status does not show all of them");
}

}  // namespace

/*
 * Another build of the module in the same nginx has a zone of its own, because
 * its contents may differ.
 */
ngx_int_t add_figures(ngx_conf_t* cf) {
    constexpr std::string_view prefix = "remote_ssl_session_cache_";
    constexpr std::size_t most = prefix.size() + 2 * sizeof(void*);

    auto* text = static_cast<u_char*>(ngx_pnalloc(cf->pool, most));
    if (text == nullptr) {
        return NGX_ERROR;
    }
    const u_char* end = ngx_snprintf(text, most, "%s%p", prefix.data(), &tag);
    ngx_str_t name{static_cast<std::size_t>(end - text), text};

    auto* zone = ngx_shared_memory_add(cf, &name, zone_size, &tag);
    if (zone == nullptr) {
        return NGX_ERROR;
    }
    zone->init = init_zone;
    return NGX_OK;
}

ngx_shm_zone_t* find_figures(ngx_cycle_t* cycle) {
    for (ngx_list_part_t* part = &cycle->shared_memory.part; part != nullptr;
         part = part->next) {
        for (auto& zone :
             std::span(static_cast<ngx_shm_zone_t*>(part->elts), part->nelts)) {
            if (zone.tag == &tag) {
                return &zone;
            }
        }
    }
    return nullptr;
}

Figures::Figures(ngx_shm_zone_t* zone)
    : shared_(zone), zone_(zone), slot_(take_slot(zone)) {
    if (slot_ == nullptr) {
        report_no_room();
        zone_ = nullptr;
        slot_ = make<Slot>(nullptr);
    }
}

Figures::~Figures() = default;

Tally& Figures::tally() noexcept {
    return slot_->tally;
}

void Figures::begin_minute() noexcept {
    Zone& zone = *static_cast<Zone*>(shared_->data);

    if (zone.history.is_due(minute_now())) {
        Lock lock(shared_);
        begin_due_minute(zone);
    }
}

backends::Meter& Figures::meter(const ServerName& server) {
    ServerFigures* figures = nullptr;

    if (zone_ != nullptr) {
        Lock lock(zone_);
        figures = take_server(zone_, *slot_, server);
    }

    if (figures == nullptr) {
        if (zone_ != nullptr) {
            report_no_room();
        }
        own_.push_back(std::make_unique<ServerFigures>());
        return own_.back()->meter;
    }
    return figures->meter;
}

/* The server's next client goes on counting with it. */
void Figures::give_back(backends::Meter& meter) noexcept {
    own_.remove_if([&](const auto& own) { return &own->meter == &meter; });
    if (zone_ == nullptr) {
        return;
    }

    Lock lock(zone_);
    for (auto* server = slot_->servers; server != nullptr;
         server = server->next) {
        if (&server->meter == &meter) {
            server->used = false;
        }
    }
}

void Figures::complete() noexcept {
    Lock lock(shared_);
    sweep(shared_);
}

void Figures::leave() noexcept {
    slot_->pid = 0;
}

Snapshot Figures::snapshot() const {
    Snapshot snapshot;
    Zone& zone = *static_cast<Zone*>(shared_->data);

    Lock lock(shared_);
    sweep(shared_);
    begin_due_minute(zone);
    for (const auto* slot = zone.slots; slot != nullptr; slot = slot->next) {
        pid_t pid = is_alive(slot->pid) ? slot->pid.load() : 0;

        snapshot.add(slot->tally, pid);
        for (const auto* server = slot->servers; server != nullptr;
             server = server->next) {
            snapshot.add(server->server(), server->meter,
                         pid != 0 && server->used);
        }
    }
    snapshot.minutes = zone.history.minutes(snapshot.endings);
    return snapshot;
}

}  // namespace session_cache
