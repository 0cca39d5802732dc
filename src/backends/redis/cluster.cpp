#include "backends/redis/keeper.hpp"
#include "backends/redis/node_table.hpp"

#include <algorithm>
#include <new>
#include <utility>

namespace backends {

namespace {

using redis::ClusterNode;
using redis::Node;
using redis::Redirect;
using std::chrono::seconds;

/*
 * Redis Cluster: a client for each master, so that one that fails holds up no
 * others. Requests follow a redirect once.
 */
class Cluster final : public Store, private ClusterNode::Listener {
  public:
    Cluster(coro::Scheduler& scheduler, std::vector<Server> seeds,
            Options options, const Log& log, Meters* meters);

    void start() noexcept;

    Fetched fetch(std::string_view key, coro::Time deadline) noexcept override;
    Fetched peek(std::string_view key) noexcept override;
    Addition add(std::string_view key, std::string_view value,
                 seconds ttl) noexcept override;
    Claimed claim(std::string_view key, seconds ttl,
                  coro::Time deadline) noexcept override;
    Status store(std::string_view key, std::string_view value,
                 seconds ttl) noexcept override;
    Status erase(std::string_view key) noexcept override;
    void reconsider() noexcept override;
    void close() noexcept override;

  private:
    using Request = ClusterNode::Request;

    /* The contents of a get or add. */
    struct Question {
        Kind kind;
        std::string_view key;
        std::string_view value{};
        seconds ttl{};
        bool surveyed = false; /* as in Request */
    };

    /* A request that came before the nodes were known. */
    struct Early {
        Question question;
        Waiter waiter;
    };

    void changed(ClusterNode& client) noexcept override;
    void refused(ClusterNode& client) noexcept override;
    bool pass_on(ClusterNode& client, const Redirect& redirect,
                 Request& request) noexcept override;

    Fetched ask(const Question& question, coro::Time deadline) noexcept;
    Status submit(const Question& question, const Waiter& waiter) noexcept;
    Status submit_now(const Question& question, const Waiter& waiter) noexcept;
    Status change(Request request) noexcept;
    Node* heed(ClusterNode& from, const Redirect& redirect) noexcept;

    void end_start() noexcept;
    void start_took_long() noexcept;
    Node* owner_of(std::string_view key) const noexcept;
    coro::Time now() const noexcept { return scheduler_.loop().now(); }

    coro::Scheduler& scheduler_;
    const Options options_;
    Meter unread_; /* if Options has no meter */
    Meter& meter_; /* for what no node counts */
    Kept::Budget budget_;
    redis::NodeTable table_;
    redis::Keeper keeper_;
    std::unique_ptr<coro::Timer> start_timer_;
    std::vector<Early> early_; /* while starting_ */
    bool starting_ = true;
    bool started_ = false; /* there is a keeper */
    bool closing_ = false;
};

Cluster::Cluster(coro::Scheduler& scheduler, std::vector<Server> seeds,
                 Options options, const Log& log, Meters* meters)
    : scheduler_(scheduler), options_(std::move(options)),
      meter_(options_.meter != nullptr ? *options_.meter : unread_),
      table_(scheduler, options_, log, meters, *this),
      keeper_(scheduler, table_, std::move(seeds),
              {options_.timeout, options_.wanted, options_.resolver, meter_},
              log),
      start_timer_(scheduler.loop().make_timer(
          {[](void* self) noexcept {
               static_cast<Cluster*>(self)->start_took_long();
           },
           this})) {
    keeper_.tried = [this] { end_start(); };
}

void Cluster::start() noexcept {
    starting_ = true;
    start_timer_->set(now() + std::min(options_.interval, options_.timeout));
    started_ = keeper_.start();
}

void Cluster::start_took_long() noexcept {
    end_start();
    if (!started_ && !closing_) {
        start();
    }
}

/* Lookups wait for the first topology as they do for a first connection. */
void Cluster::end_start() noexcept {
    starting_ = false;
    start_timer_->cancel();

    for (const Early& early : std::exchange(early_, {})) {
        if (!scheduler_.waiting(early.waiter.wait)) {
            continue; /* the key belonged to the caller */
        }
        Status status = submit_now(early.question, early.waiter);
        if (status != Status::queued) {
            early.waiter.result->status = status;
            scheduler_.release(early.waiter.wait);
        }
    }
}

Node* Cluster::owner_of(std::string_view key) const noexcept {
    return table_.of_slot(redis::slot_of(key));
}

/* Counted with the node that has the slot now, because that was asked last. */
Fetched Cluster::fetch(std::string_view key, coro::Time deadline) noexcept {
    Fetched result = ask({.kind = Kind::get, .key = key}, deadline);
    const Node* owner = owner_of(key);
    Meter& meter =
        owner != nullptr && owner->meter != nullptr ? *owner->meter : meter_;

    meter.measure(result.status, result.took, result.value.size());
    return result;
}

Fetched Cluster::peek(std::string_view key) noexcept {
    return ask({.kind = Kind::get, .key = key}, coro::never);
}

Addition Cluster::add(std::string_view key, std::string_view value,
                      seconds ttl) noexcept {
    return addition(
        ask({.kind = Kind::add, .key = key, .value = value, .ttl = ttl},
            coro::never)
            .status);
}

/* The node that has the slot in the end must have had it for long enough. */
Claimed Cluster::claim(std::string_view key, seconds ttl,
                       coro::Time deadline) noexcept {
    Request request = ClusterNode::claim_of(key, ttl);
    Fetched result = ask({.kind = request.kind,
                          .key = key,
                          .value = request.value,
                          .ttl = ttl,
                          .surveyed = true},
                         deadline);
    Claimed claimed{addition(result.status), {}, result.took};

    if (const Node* owner = owner_of(key)) {
        claimed.footing = owner->client->footing();
    }
    if (claimed.footing.since) {
        claimed.footing.since = std::max(*claimed.footing.since,
                                         table_.settled(redis::slot_of(key)));
    }
    return claimed;
}

/* However many nodes are asked, it is one wait with one timeout. */
Fetched Cluster::ask(const Question& question, coro::Time deadline) noexcept {
    return await([&](const Waiter& waiter) { return submit(question, waiter); },
                 std::min(deadline, now() + options_.timeout));
}

Status Cluster::submit(const Question& question,
                       const Waiter& waiter) noexcept {
    if (!starting_) {
        return submit_now(question, waiter);
    }
    if (early_.size() >= options_.count) {
        return Status::busy;
    }

    try {
        early_.push_back({question, waiter});
        return Status::queued;
    } catch (const std::bad_alloc&) {
        return Status::busy;
    }
}

Status Cluster::submit_now(const Question& question,
                           const Waiter& waiter) noexcept {
    Node* owner = owner_of(question.key);

    return owner != nullptr
               ? owner->client->submit({.kind = question.kind,
                                        .key = question.key,
                                        .value = question.value,
                                        .ttl = question.ttl,
                                        .surveyed = question.surveyed},
                                       waiter)
               : Status::down;
}

Status Cluster::store(std::string_view key, std::string_view value,
                      seconds ttl) noexcept {
    return change({.kind = Kind::set,
                   .key = key,
                   .value = value,
                   .ttl = ttl,
                   .kept = Kept::make(budget_, key, value, ttl)});
}

Status Cluster::erase(std::string_view key) noexcept {
    return change({.kind = Kind::del,
                   .key = key,
                   .kept = Kept::make(budget_, key, {}, {})});
}

Status Cluster::change(Request request) noexcept {
    Node* owner = owner_of(request.key);

    if (owner != nullptr) {
        return owner->client->change(std::move(request));
    }
    Changes& changes =
        request.kind == Kind::set ? meter_.stores : meter_.erases;
    changes[static_cast<std::size_t>(Change::down)].add();
    return Status::down;
}

/* The node of a redirect. It gets the slot from now on, unless it is an ASK.
 * Null if it cannot be reached. */
Node* Cluster::heed(ClusterNode& from, const Redirect& redirect) noexcept {
    Node* to = nullptr;

    try {
        to = table_.reach(redirect.to, table_.of(from));
    } catch (const std::bad_alloc&) {
        return nullptr;
    }

    table_.unsettle(redirect.slot);
    if (redirect.ask) {
        if (to != nullptr) {
            to->client->last_asked = now();
        }
        return to;
    }
    if (to != nullptr) {
        table_.assign(redirect.slot, *to);
    }
    keeper_.moved();
    return to;
}

bool Cluster::pass_on(ClusterNode& client, const Redirect& redirect,
                      Request& request) noexcept {
    Node* to = heed(client, redirect);

    if (to == nullptr || request.followed) {
        return false;
    }
    request.followed = true;
    request.asking = redirect.ask;

    if (request.kept != nullptr) {
        to->client->change(std::move(request)); /* which counts failures */
        return true;
    }
    return request.lookup != nullptr && (!client.is_awaited(*request.lookup) ||
                                         to->client->take_over(request));
}

void Cluster::changed(ClusterNode& client) noexcept {
    keeper_.changed(client);
}

void Cluster::refused(ClusterNode& client) noexcept {
    keeper_.refused(client);
}

void Cluster::reconsider() noexcept {
    table_.reconsider();
    keeper_.reconsider();
}

void Cluster::close() noexcept {
    closing_ = true;
    keeper_.close();
    table_.close();
    end_start();
}

}  // namespace

std::unique_ptr<Store> make_redis_cluster(coro::Scheduler& scheduler,
                                          std::vector<Server> seeds,
                                          Options options, const Log& log,
                                          Meters* meters) {
    auto store = std::make_unique<Cluster>(scheduler, std::move(seeds),
                                           std::move(options), log, meters);
    store->start();
    return store;
}

}  // namespace backends
