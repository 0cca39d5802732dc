#include "backends/memcached/memcached_server.hpp"

#ifdef HAVE_LIBMEMCACHED

#include <algorithm>
#include <array>
#include <ctime>
#include <netdb.h>
#include <new>
#include <sys/un.h>
#include <utility>

namespace backends {

namespace {

using libmemcached::api;

/* The most that leaves in one round, so that no line gets too long. */
constexpr std::size_t max_round = 256;

/* A longer time to live would be taken for a point in time. */
constexpr std::chrono::seconds max_relative = std::chrono::hours(24 * 30);

/* What a PING asks for; no session's key looks like it. */
constexpr std::string_view ping_key = "ngx_ssl_session_cache_ping";

std::time_t expiration_of(std::chrono::seconds ttl) {
    return ttl <= max_relative ? static_cast<std::time_t>(ttl.count())
                               : std::time(nullptr) + ttl.count();
}

/* An answer that concerns one operation only; the connection is all right. */
bool is_refusal(memcached_return_t rc) {
    constexpr std::array refusals{
        MEMCACHED_E2BIG,        MEMCACHED_SERVER_MEMORY_ALLOCATION_FAILURE,
        MEMCACHED_SERVER_ERROR, MEMCACHED_NOTSTORED,
        MEMCACHED_CLIENT_ERROR, MEMCACHED_ERROR,
    };
    return std::find(refusals.begin(), refusals.end(), rc) != refusals.end();
}

bool is_success(memcached_return_t rc) {
    return rc == MEMCACHED_SUCCESS || rc == MEMCACHED_END ||
           rc == MEMCACHED_NOTFOUND || rc == MEMCACHED_BUFFERED ||
           rc == MEMCACHED_STORED || rc == MEMCACHED_DELETED;
}

/*
 * A result of ours. libmemcached takes for a key whatever is in the line
 * that it has read, up to 350 bytes: there has to be room behind the result,
 * whose last member, the options, then says anything.
 */
struct RoomyResult {
    memcached_result_st result;
    std::array<char, 350> overrun;
};

struct FreeResult {
    void operator()(memcached_result_st* result) const noexcept {
        api.result_free_(result);
    }
};

/* Of what a result holds; the result itself is on the stack. */
using Result = std::unique_ptr<memcached_result_st, FreeResult>;

}  // namespace

MemcachedServer::MemcachedServer(coro::Scheduler& scheduler, Options options,
                                 Log log)
    : Client(scheduler, std::move(options), std::move(log), "memcached"),
      yielding_(scheduler),
      gather_(scheduler.loop(),
              {[](void* self) noexcept {
                   static_cast<MemcachedServer*>(self)->wake();
               },
               this}) {}

/* But for a PING, which is ours: it is the first of its round. */
std::size_t MemcachedServer::queued() const noexcept {
    bool pinging = !round_.empty() && round_.front().key == ping_key;
    return queue_.size() + round_.size() - (pinging ? 1 : 0);
}

bool MemcachedServer::enqueue(Request& request) noexcept {
    try {
        queue_.push_back({request.kind,
                          std::string(request.key),
                          CleansedBytes(request.value),
                          expiration_of(request.ttl),
                          now() + options_.timeout,
                          {}});
    } catch (const std::bad_alloc&) {
        return false;
    }
    queue_.back().lookup = std::move(request.lookup);

    if (idle_) {
        gather_.add(is_urgent(request));
    }
    return true;
}

void MemcachedServer::wake() noexcept {
    if (idle_) {
        scheduler_.wake(*idle_);
    }
}

Client::Loss MemcachedServer::attempt(const Address& address) {
    open(address);

    Loss loss = ping();
    if (!loss.empty()) {
        return loss;
    }

    std::string version;
    loss = ask_version(version);
    if (!loss.empty()) {
        return loss;
    }
    connected(version);

    while (!closing()) {
        if (queue_.empty()) {
            idle();
        } else if (loss = round(); !loss.empty()) {
            return loss;
        }

        if (queue_.empty() && idle_since_ + options_.interval <= now() &&
            !(loss = ping()).empty()) {
            return loss;
        }
    }
    return {};
}

/* libmemcached connects at the first operation. It gets a numeric address,
 * so that nothing in it resolves. */
void MemcachedServer::open(const Address& address) {
    handle_.reset(api.create_(nullptr));
    if (handle_ == nullptr) {
        throw std::bad_alloc();
    }

    libmemcached::bound_memory(handle_.get());

    auto timeout = static_cast<std::uint64_t>(options_.timeout.count());
    set_behavior(MEMCACHED_BEHAVIOR_NO_BLOCK, 1);
    set_behavior(MEMCACHED_BEHAVIOR_TCP_NODELAY, 1);
    set_behavior(MEMCACHED_BEHAVIOR_CONNECT_TIMEOUT, timeout);
    set_behavior(MEMCACHED_BEHAVIOR_POLL_TIMEOUT, timeout);

    if (!options_.password.empty()) {
        set_behavior(MEMCACHED_BEHAVIOR_BINARY_PROTOCOL, 1);
        api.set_sasl_auth_data_(handle_.get(), options_.user.c_str(),
                                options_.password.c_str());
    }

    const auto* generic = reinterpret_cast<const sockaddr*>(&address.storage);
    if (generic->sa_family == AF_UNIX) {
        api.server_add_unix_socket_with_weight_(
            handle_.get(),
            reinterpret_cast<const sockaddr_un*>(generic)->sun_path, 1);
        return;
    }

    std::array<char, NI_MAXHOST> host{};
    std::array<char, NI_MAXSERV> port{};
    getnameinfo(generic, address.length, host.data(), host.size(), port.data(),
                port.size(), NI_NUMERICHOST | NI_NUMERICSERV);
    api.server_add_with_weight_(handle_.get(), host.data(),
                                static_cast<in_port_t>(std::stoi(port.data())),
                                1);
}

void MemcachedServer::set_behavior(memcached_behavior_t behavior,
                                   std::uint64_t value) {
    api.behavior_set_(handle_.get(), behavior, value);
}

/* A look-up that finds nothing: any answer will do. */
Client::Loss MemcachedServer::ping() {
    round_.push_back({Kind::get,
                      std::string(ping_key),
                      {},
                      0,
                      now() + options_.timeout,
                      {}});
    return round();
}

/*
 * It stays empty where the server does not tell. Some proxies hang up when they
 * are asked, and then are not asked again.
 */
Client::Loss MemcachedServer::ask_version(std::string& version) {
    if (!tells_version_) {
        return {};
    }

    memcached_return_t rc = yielding_(now() + options_.timeout, [this] {
        return api.version_(handle_.get());
    });
    if (rc == MEMCACHED_SUCCESS && !yielding_.failed()) {
        const memcached_instance_st* server =
            api.server_instance_by_position_(handle_.get(), 0);
        version = std::to_string(api.server_major_version_(server)) + "." +
                  std::to_string(api.server_minor_version_(server)) + "." +
                  std::to_string(api.server_micro_version_(server));
        return {};
    }

    Loss loss = judge("version", rc);
    tells_version_ = loss.empty() || loss.status == Status::timeout;
    return loss;
}

void MemcachedServer::idle() noexcept {
    idle_ = coro::next_wait();
    coro::wait(idle_since_ + options_.interval);
    idle_.reset();
}

Client::Loss MemcachedServer::round() {
    while (!queue_.empty() && round_.size() < max_round) {
        round_.push_back(std::move(queue_.front()));
        queue_.pop_front();
    }

    Loss loss = send_changes();
    if (loss.empty()) {
        loss = look_up();
    }
    if (!loss.empty()) {
        return loss; /* disconnect() releases who is still in round_ */
    }

    round_.clear();
    idle_since_ = now();
    count_queue();
    return {};
}

Client::Loss MemcachedServer::send_changes() {
    for (Item& item : round_) {
        if (item.kind == Kind::get) {
            continue;
        }

        memcached_return_t rc =
            yielding_(item.deadline, [&] { return send(item); });
        Loss loss = judge(item.kind == Kind::set ? "set" : "delete", rc);
        if (!loss.empty()) {
            return loss;
        }

        item.counted = true;
        count(item.kind, is_success(rc) ? Change::done : Change::failed);
    }
    return {};
}

/*
 * Sends a set or delete without waiting for an answer; but one set in each
 * `interval` is answered, or nobody would know that sets fail. With the
 * binary protocol ("quiet" commands) failures are answered in any case, out
 * of turn for libmemcached, so there each one is waited for.
 */
memcached_return_t MemcachedServer::send(const Item& item) {
    bool answered = !options_.password.empty() ||
                    answered_set_ + options_.interval <= now();
    if (answered && item.kind == Kind::set) {
        answered_set_ = now();
    }

    set_behavior(MEMCACHED_BEHAVIOR_NOREPLY, answered ? 0 : 1);
    memcached_return_t rc =
        item.kind == Kind::set
            ? set(item)
            : api.delete_(handle_.get(), item.key.data(), item.key.size(), 0);
    set_behavior(MEMCACHED_BEHAVIOR_NOREPLY, 0);
    return rc;
}

memcached_return_t MemcachedServer::set(const Item& item) {
    return api.set_(handle_.get(), item.key.data(), item.key.size(),
                    item.value.data(), item.value.size(), item.expiration, 0);
}

memcached_return_t
MemcachedServer::fetch_all(const std::vector<const char*>& keys,
                           const std::vector<std::size_t>& lengths,
                           memcached_result_st* result) {
    memcached_return_t rc =
        api.mget_(handle_.get(), keys.data(), lengths.data(), keys.size());

    while (rc == MEMCACHED_SUCCESS &&
           api.fetch_result_(handle_.get(), result, &rc) != nullptr) {
        deliver(result);
        result->options.is_allocated = false; /* see RoomyResult */
    }
    return rc;
}

/*
 * The result is ours: one of the library's own making would be made, and
 * have to be freed, for each key. The count makes it look used, for to an
 * unused one memcached_fetch_result() turns an error reply into a miss.
 */
Client::Loss MemcachedServer::look_up() {
    std::vector<const char*> keys;
    std::vector<std::size_t> lengths;
    coro::Time deadline = coro::never;

    for (const Item& item : round_) {
        if (item.kind == Kind::get) {
            keys.push_back(item.key.data());
            lengths.push_back(item.key.size());
            deadline = std::min(deadline, item.deadline);
        }
    }

    if (keys.empty()) {
        return {};
    }

    RoomyResult storage;
    Result result(api.result_create_(handle_.get(), &storage.result));
    storage.result.count = 1;

    memcached_return_t rc = yielding_(
        deadline, [&] { return fetch_all(keys, lengths, result.get()); });

    Loss loss = judge("get", rc);
    if (!loss.empty()) {
        return loss;
    }

    for (const Item& item : round_) {
        answer(item.lookup.get(),
               is_success(rc) ? Status::miss : Status::failed);
    }
    return {};
}

void MemcachedServer::deliver(const memcached_result_st* result) {
    std::string_view key(api.result_key_value_(result),
                         api.result_key_length_(result));
    std::string_view value(api.result_value_(result),
                           api.result_length_(result));

    /* of the longest ones it has no bytes: their sizes wrapped around */
    if (value.size() > libmemcached::max_allocation) {
        return;
    }

    for (const Item& item : round_) {
        if (item.key == key) {
            answer(item.lookup.get(), Status::hit, value);
        }
    }
}

/* Says what failed; a loss when the connection is not to be trusted. */
Client::Loss MemcachedServer::judge(const char* operation,
                                    memcached_return_t rc) {
    if (yielding_.expired()) {
        return timed_out(operation);
    }

    if (yielding_.failed()) {
        return {std::string(operation) + " failed: unexpected reply"};
    }

    const char* text = api.strerror_(handle_.get(), rc);
    if (is_success(rc)) {
        journal_.worked(operation, now());
    } else if (is_refusal(rc)) {
        journal_.failed(operation, text, text, now());
    } else {
        return {std::string(operation) + " failed: " + text};
    }
    return {};
}

/*
 * A call that is under way, suspended, still needs what it works on: its
 * coroutine comes here once more when it has ended.
 */
void MemcachedServer::disconnect(Status status) noexcept {
    yielding_.interrupt();
    if (idle_) {
        scheduler_.wake(*idle_, coro::Wake::cancelled);
    }

    if (!yielding_.busy() && handle_ != nullptr) {
        yielding_({}, [this] {
            say_goodbye();
            return true;
        });
        handle_.reset();
        yielding_.reset();
    }

    for (Item& item : round_) {
        release(item, status);
    }
    for (Item& item : std::exchange(queue_, {})) {
        release(item, status);
    }
    if (!yielding_.busy()) {
        round_.clear();
    }
}

void MemcachedServer::release(Item& item, Status status) noexcept {
    answer(item.lookup.get(), status);

    if (item.kind != Kind::get && !std::exchange(item.counted, true)) {
        count(item.kind, Change::lost);
    }
}

/* Sends sets that are left, as far as the socket takes them, and closes. */
void MemcachedServer::say_goodbye() noexcept {
    set_behavior(MEMCACHED_BEHAVIOR_NOREPLY, 1);

    for (const Item& item : queue_) {
        if (closing() && item.kind == Kind::set) {
            set(item);
        }
    }
    api.quit_(handle_.get());
}

}  // namespace backends

#endif
