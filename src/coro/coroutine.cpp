#include "coro/coroutine.hpp"

#include "coro/sanitizer.hpp"

#include <algorithm>
#include <boost/context/preallocated.hpp>
#include <cassert>
#include <cerrno>
#include <optional>
#include <utility>

namespace coro {

namespace {

using boost::context::fiber;

/* How long a stack stays idle before it is unmapped. */
constexpr Time stack_idle_limit{10000};

/* How long woken coroutines run before the loop looks for other events. */
constexpr std::chrono::milliseconds turn_limit{1};

/* How long released coroutines give way to these events: this many times as
 * long as the one before took, but no longer than this. */
constexpr int give_way_times = 4;
constexpr std::chrono::milliseconds longest_give_way{20};

/* A turn of the loop that takes longer than this was not empty. */
constexpr std::chrono::microseconds empty_turn{50};

/* How Boost.Context gives back the stack of a coroutine that has ended. */
struct StackReturn {
    StackPool& pool;
    Loop& loop;

    void deallocate(Stack& stack) noexcept { pool.give(stack, loop.now()); }
};

}  // namespace

struct Scheduler::Slot {
    enum class State { ended, running, waiting, woken };

    Scheduler* scheduler;
    std::uint32_t id;
    std::uint32_t epoch = 0;
    State state = State::ended;
    Wake how = Wake::ready;

    /* while suspended: the coroutine; while it runs: its resumer */
    fiber other;
    [[no_unique_address]] sanitizer::Announcer announce;

    Time deadline = never;
    Time timer_at = never; /* when the timer will go off */
    std::unique_ptr<Timer> timer;

    Slot* next = nullptr; /* in a queue, or on the free list */
};

void Scheduler::Queue::push(Slot& slot) noexcept {
    slot.next = nullptr;
    *end_ = &slot;
    end_ = &slot.next;
}

Scheduler::Slot& Scheduler::Queue::pop() noexcept {
    Slot& slot = *std::exchange(first_, first_->next);
    if (first_ == nullptr) {
        end_ = &first_;
    }
    return slot;
}

Scheduler::Slot* Scheduler::current_ = nullptr;

bool in_coroutine() noexcept {
    return Scheduler::current_ != nullptr;
}

Waker next_wait() noexcept {
    return {Scheduler::current_->id, Scheduler::current_->epoch};
}

Wake wait(Time deadline) noexcept {
    Scheduler::Slot& self = *Scheduler::current_;

    if (self.state != Scheduler::Slot::State::woken) {
        self.scheduler->suspend(self, deadline);
    }

    self.state = Scheduler::Slot::State::running;
    ++self.epoch;
    return self.how;
}

Scheduler::Scheduler(Loop& loop, StackPool& stacks)
    : loop_(loop), stacks_(stacks),
      run_ready_(loop.make_task({[](void* self) noexcept {
                                     static_cast<Scheduler*>(self)->run_ready();
                                 },
                                 this})),
      trim_stacks_(
          loop.make_timer({[](void* self) noexcept {
                               static_cast<Scheduler*>(self)->trim_stacks();
                           },
                           this})) {}

Scheduler::~Scheduler() {
    assert(alive() == 0);
}

bool Scheduler::start(Callback entry) noexcept {
    Stack stack = stacks_.take();
    if (stack.sp == nullptr) {
        return false;
    }

    Slot* slot = take_slot();
    if (slot == nullptr) {
        stacks_.give(stack, loop_.now());
        errno = ENOMEM;
        return false;
    }

    ++alive_;
    slot->state = Slot::State::running;
    slot->announce = sanitizer::Announcer(stack);
    slot->announce.resume(); /* making it already switches there and back */
    slot->other =
        fiber(std::allocator_arg,
              boost::context::preallocated(stack.sp, stack.size, stack),
              StackReturn{stacks_, loop_}, [slot, entry](fiber&& resumer) {
                  slot->announce.arrived();
                  slot->other = std::move(resumer);
                  entry();
                  slot->state = Slot::State::ended;
                  slot->announce.leave_for_good();
                  return std::move(slot->other);
              });
    run(*slot);
    return true;
}

Scheduler::Slot* Scheduler::take_slot() noexcept {
    if (free_ != nullptr) {
        return std::exchange(free_, free_->next);
    }

    try {
        auto slot = std::make_unique<Slot>();
        slot->scheduler = this;
        slot->id = static_cast<std::uint32_t>(slots_.size());
        slot->timer = loop_.make_timer(
            {[](void* data) noexcept { expire(*static_cast<Slot*>(data)); },
             slot.get()});
        return slots_.emplace_back(std::move(slot)).get();
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
}

void Scheduler::run(Slot& slot) noexcept {
    Slot* resumer = std::exchange(current_, &slot);
    fiber coroutine = std::move(slot.other).resume();
    slot.announce.resumed();
    current_ = resumer;

    if (slot.state == Slot::State::ended) {
        end(slot);
    } else {
        slot.other = std::move(coroutine);
    }
}

void Scheduler::end(Slot& slot) noexcept {
    ++slot.epoch;

    if (slot.timer_at != never) {
        slot.timer->cancel();
        slot.timer_at = never;
    }

    slot.next = std::exchange(free_, &slot);
    --alive_;

    if (!trim_set_) {
        trim_set_ = true;
        trim_stacks_->set(loop_.now() + stack_idle_limit);
    }
}

/*
 * Leaves the timer alone if it goes off early enough anyway, and if the wait
 * ends before it does. So a coroutine that often waits with a slightly later
 * deadline does not set it each time.
 */
void Scheduler::suspend(Slot& slot, Time deadline) noexcept {
    int saved_errno = errno;

    slot.state = Slot::State::waiting;
    slot.deadline = deadline;

    if (deadline < slot.timer_at) {
        slot.timer->set(deadline);
        slot.timer_at = deadline;
    }

    slot.announce.leave();
    slot.other = std::move(slot.other).resume();
    slot.announce.arrived();

    errno = saved_errno;
}

void Scheduler::expire(Slot& slot) noexcept {
    slot.timer_at = never;

    if (slot.state != Slot::State::waiting || slot.deadline == never) {
        return;
    }

    if (slot.scheduler->loop_.now() >= slot.deadline) {
        slot.scheduler->wake({slot.id, slot.epoch}, Wake::timeout);
        return;
    }

    slot.timer->set(slot.deadline);
    slot.timer_at = slot.deadline;
}

bool Scheduler::waiting(Waker waker) const noexcept {
    if (waker.id >= slots_.size()) {
        return false;
    }

    const Slot& slot = *slots_[waker.id];
    return slot.epoch == waker.epoch && slot.state == Slot::State::waiting;
}

void Scheduler::wake(Waker waker, Wake how) noexcept {
    wake(waker, how, woken_);
}

void Scheduler::release(Waker waker) noexcept {
    wake(waker, Wake::ready, released_);
}

void Scheduler::wake(Waker waker, Wake how, Queue& queue) noexcept {
    if (waker.id >= slots_.size()) {
        return;
    }

    Slot& slot = *slots_[waker.id];
    if (slot.epoch != waker.epoch || slot.state == Slot::State::woken ||
        slot.state == Slot::State::ended) {
        return;
    }

    bool suspended = slot.state == Slot::State::waiting;
    slot.state = Slot::State::woken;
    slot.how = how;

    if (!suspended) {
        return; /* its wait has not begun yet and will return at once */
    }

    queue.push(slot);
    if (!running_ready_) {
        run_ready_->post();
    }
}

/*
 * When hundreds of coroutines are released, each has a full handshake to make.
 * So they run one by one, and everything else runs first.
 */
void Scheduler::run_ready() noexcept {
    running_ready_ = true;
    bool may = !released_.empty() && may_release(Clock::now());

    run_woken();
    if (may) {
        run_released();
    }
    running_ready_ = false;

    if (!woken_.empty() || !released_.empty()) {
        turn_ended_ = Clock::now();
        run_ready_->post();
    }
}

bool Scheduler::may_release(Clock::time_point now) const noexcept {
    return now - turn_ended_ < empty_turn || now >= give_way_until_;
}

void Scheduler::run_released() noexcept {
    auto begun = Clock::now();

    resume(released_.pop());
    auto ended = Clock::now();
    give_way_until_ =
        ended + std::min<Clock::duration>(give_way_times * (ended - begun),
                                          longest_give_way);
}

/*
 * Coroutines that woken ones wake, such as handshakes whose answers a store's
 * coroutine has just read, run in the same turn. But when thousands are woken
 * at once, the loop gets turns between them.
 */
void Scheduler::run_woken() noexcept {
    std::optional<Clock::time_point> end; /* not set for a single one */

    while (!woken_.empty()) {
        resume(woken_.pop());

        if (woken_.empty()) {
            break;
        }

        auto now = Clock::now();
        if (!end) {
            end = now + turn_limit;
        } else if (now >= *end) {
            break;
        }
    }
}

void Scheduler::resume(Slot& slot) noexcept {
    slot.announce.resume();
    run(slot);
}

void Scheduler::trim_stacks() noexcept {
    stacks_.trim(loop_.now() - stack_idle_limit);
    trim_set_ = stacks_.idle() != 0;

    if (trim_set_) {
        trim_stacks_->set(loop_.now() + stack_idle_limit);
    }
}

}  // namespace coro
