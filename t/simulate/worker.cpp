#include "simulate/worker.hpp"

#include "support/allocations.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace simulate {

using backends::Fetched;
using backends::Status;
using support::Allocations;
using Scope = Allocations::Scope;
using Of = Allocations::Of;

namespace {

// The name of one of a worker's own keys.
std::string own_key(const Worker& worker, std::size_t i) {
    return "own" + std::to_string(worker.number()) + "-" + std::to_string(i);
}

// The version in "key=version.padding", or 0 if the key is another one.
std::uint64_t version_in(std::string_view value, std::string_view key) {
    std::uint64_t version = 0;
    if (value.starts_with(key) && value.substr(key.size()).starts_with('=')) {
        value.remove_prefix(key.size() + 1);
        std::from_chars(value.data(), value.data() + value.size(), version);
    }
    return version;
}

}  // namespace

struct Worker::Operation {
    const char* what;
    std::string key;
    Micros begun;
    std::uint64_t version = 0;  // it must find this one, or a later one
    std::uint64_t mishaps = 0;  // before it began
    coro::Time deadline = coro::never;
    coro::Waker waker{};
    bool is_cancelled = false;
    bool is_done = false;
};

Worker::Worker(World& world, std::size_t number, const Terms& terms,
               const Make& make)
    : world_(world), number_(number), terms_(terms),
      loop_(world, world.chance().one_in(4) ? SimulatedLoop::Triggered::level
                                            : SimulatedLoop::Triggered::edge),
      scheduler_(loop_, stacks_) {
    backends::Options options;
    options.interval = terms.interval;
    options.timeout = terms.timeout;
    options.count = terms.count;
    options.surveyed = terms.surveyed;
    options.meter = &meters_.all.emplace_back();
    options.queued = &queued_;
    options.connected = [this] {
        if (connected) {
            connected();
        }
    };
    loop_.enter([&] {
        store_ = make(scheduler_, std::move(options), logger(), meters_);
    });
}

Worker::~Worker() {
    loop_.enter([this] { store_.reset(); });
}

backends::Log Worker::logger() {
    return [this](backends::Level /* level */, std::string_view line) {
        const Scope test(Of::test);
        world_.note("log", number_, line.size());
        world_.tell("  worker ", std::to_string(number_), ": ", line);
    };
}

bool Worker::start(std::function<void()> body) {
    bool started = false;
    loop_.enter([&] {
        const Scope product(Of::product);
        started = scheduler_.start(
            {[](void* data) noexcept {
                 std::function<void()> own;
                 {
                     const Scope test(Of::test);
                     own =
                         std::move(*static_cast<std::function<void()>*>(data));
                 }
                 own();
                 const Scope test(Of::test);
                 own = nullptr;
             },
             &body});
    });
    return started;
}

// It has to end in time, whatever its result; the loop may be late.
std::shared_ptr<Worker::Operation> Worker::begin(const char* what,
                                                 const std::string& key) {
    auto operation = std::make_shared<Operation>(
        Operation{.what = what, .key = key, .begun = world_.now()});
    operation->mishaps = mishaps();
    operations_.push_back(operation);
    if (world_.chance().one_in(4)) {
        operation->deadline =
            loop_.now() +
            world_.chance().between(Milliseconds(0), terms_.timeout);
    }
    const Micros slack = Milliseconds(60);
    world_.in(terms_.timeout + slack, [number = number_, what, key,
                                       &world = world_,
                                       weak = std::weak_ptr(operation)] {
        const auto late = weak.lock();
        if (late != nullptr && !late->is_done) {
            world.fail("worker " + std::to_string(number) + ": " + what +
                       " of " + key + " lasts beyond its time");
        }
    });
    return operation;
}

void Worker::end(Operation& operation) {
    operation.is_done = true;
    world_.note(operation.what, number_);
    std::erase_if(operations_,
                  [&](const auto& one) { return one.get() == &operation; });
}

// Counts what may explain that a server does not have what was stored.
std::uint64_t Worker::mishaps() const {
    std::uint64_t sum = 0;
    for (const auto& meter : meters_.all) {
        sum += meter.losses.get();
        for (const auto* changes : {&meter.stores, &meter.erases}) {
            for (const auto what :
                 {backends::Change::failed, backends::Change::lost,
                  backends::Change::down, backends::Change::busy}) {
                sum += (*changes)[static_cast<std::size_t>(what)].get();
            }
        }
    }
    return sum;
}

void Worker::judge(const Operation& operation, const Fetched& fetched) {
    ++fetches_;
    const std::string who = "worker " + std::to_string(number_) + ": ";
    if (fetched.status == Status::queued) {
        world_.fail(who + "a fetch ends as it begins");
    }
    if (fetched.status != Status::hit) {
        return;
    }
    const auto version = version_in(fetched.value, operation.key);
    if (version == 0) {
        world_.fail(who + operation.key + " is answered with " +
                    fetched.value.substr(0, 40));
    }
    if (operation.version != 0) {
        found_ += version >= operation.version ? 1 : 0;
        if (version < operation.version && !terms_.has_lies &&
            operation.mishaps == mishaps()) {
            world_.fail(who + operation.key + " is older than what was stored");
        }
    }
}

void Worker::fetch(const std::string& key) {
    const auto operation = begin("fetch", key);
    const bool started = start([this, operation] {
        operation->waker = coro::next_wait();
        const Fetched fetched =
            world_.chance().one_in(8)
                ? store_->peek(operation->key)
                : store_->fetch(operation->key, operation->deadline);
        const Scope test(Of::test);
        judge(*operation, fetched);
        end(*operation);
    });
    if (!started) {
        end(*operation);
    }
}

// Most are small; some do not fit into a socket at once.
std::string Worker::value_of(const std::string& key) {
    const std::size_t most = world_.chance().one_in(50) ? 20'000 : 200;
    return key + "=" + std::to_string(world_.serial()) + "." +
           std::string(world_.chance().below(most), '.');
}

void Worker::store(const std::string& key) {
    const auto value = value_of(key);
    loop_.enter([&] {
        const Scope product(Of::product);
        store_->store(key, value, Seconds(300));
    });
}

void Worker::erase(const std::string& key) {
    loop_.enter([&] {
        const Scope product(Of::product);
        store_->erase(key);
    });
}

void Worker::add(const std::string& key) {
    const auto operation = begin("add", key);
    const auto value = std::make_shared<std::string>(value_of(key));
    const bool started = start([this, operation, value] {
        operation->waker = coro::next_wait();
        store_->add(operation->key, *value, Seconds(60));
        const Scope test(Of::test);
        end(*operation);
    });
    if (!started) {
        end(*operation);
    }
}

void Worker::store_and_fetch(bool is_patient) {
    const auto key = own_key(*this, world_.chance().below(8));
    const auto value = value_of(key);
    const auto before = mishaps();
    Status status = Status::down;
    loop_.enter([&] {
        const Scope product(Of::product);
        status = store_->store(key, value, Seconds(300));
    });

    const auto operation = begin("own fetch", key);
    operation->mishaps = before;
    if (is_patient) {
        operation->deadline = coro::never;
    }
    operation->version = status == Status::queued ? version_in(value, key) : 0;
    const bool started = start([this, operation] {
        operation->waker = coro::next_wait();
        const Fetched fetched =
            store_->fetch(operation->key, operation->deadline);
        const Scope test(Of::test);
        judge(*operation, fetched);
        end(*operation);
    });
    if (!started) {
        end(*operation);
    }
}

// As for early data (module/early_data.cpp), a claim only counts if the store
// has been reliable for as long as it may be of use.
void Worker::claim(const std::string& key, std::function<void()> accepted) {
    constexpr Seconds window{60};
    const auto operation = begin("claim", key);
    const bool started =
        start([this, operation, accepted = std::move(accepted), window] {
            operation->waker = coro::next_wait();
            const auto claimed =
                store_->claim(operation->key, window, operation->deadline);
            const Scope test(Of::test);
            const auto& footing = claimed.footing;
            if (claimed.addition == backends::Addition::added &&
                footing.since && loop_.now() - *footing.since >= window &&
                footing.skew && footing.skew->is_tolerable()) {
                accepted();
            }
            end(*operation);
        });
    if (!started) {
        end(*operation);
    }
}

void Worker::cancel() {
    if (operations_.empty()) {
        return;
    }
    auto one = operations_.begin();
    std::advance(one, world_.chance().below(operations_.size()));
    if (!std::exchange((*one)->is_cancelled, true)) {
        loop_.enter(
            [&] { scheduler_.wake((*one)->waker, coro::Wake::cancelled); });
    }
}

void Worker::close() {
    loop_.enter([this] {
        const Scope product(Of::product);
        store_->close();
    });
}

std::size_t Worker::queued() const {
    std::size_t most = queued_;
    for (const auto& meter : meters_.all) {
        most = std::max<std::size_t>(most, meter.queue.now());
    }
    return most;
}

}  // namespace simulate
