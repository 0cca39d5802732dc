#include "backends/journal.hpp"

#include <algorithm>
#include <new>
#include <utility>

namespace backends {

namespace {

/* How many other failures had no line of their own. */
std::string others(std::uint64_t untold) {
    return untold == 0 ? ""
                       : ", " + std::to_string(untold) +
                             " other failures were not logged";
}

}  // namespace

Journal::Journal(Log log, std::string kind)
    : log_(std::move(log)), kind_(std::move(kind)) {}

void Journal::at(const Address& address) {
    address_ = address.text;
}

/* All lines are formatted in here. */
template <typename Write>
void Journal::write(coro::Time now, const Write& write) noexcept {
    try {
        if (left_out_ != 0 && now - left_out_at_ >= Trouble::quiet) {
            say_left_out(now);
        }
        write();
    } catch (const std::bad_alloc&) {
        return; /* not logged */
    }
}

void Journal::connected(std::string_view version, coro::Time now) noexcept {
    auto lost_at = std::exchange(lost_at_, std::nullopt);
    bool was_told = losses_.over();
    up_ = true;

    write(now, [&] {
        std::string line = "connected";

        if (!version.empty()) {
            line += ", version " + std::string(version);
        }
        if (lost_at) {
            line += ", back after " + std::to_string((now - *lost_at).count()) +
                    " ms";
        }
        line += others(losses_.take_untold());
        say(was_told ? Level::error : Level::notice, line, now);
    });
}

void Journal::lost(std::string_view why, bool was_up, coro::Time now) noexcept {
    up_ = false;
    if (was_up) {
        lost_at_ = now;
    }

    write(now, [&] {
        if (losses_.failed(why, now)) {
            say(Level::error,
                (was_up ? "connection lost: " : "unavailable: ") +
                    std::string(why),
                now);
        }
    });
}

void Journal::left(const Address& address, coro::Time now) noexcept {
    write(now, [&] { say(Level::notice, "left for " + address.text, now); });
}

void Journal::failed(std::string_view operation, std::string_view code,
                     Parts text, coro::Time now) noexcept {
    write(now, [&] {
        if (!troubles_[operation].failed(code, now)) {
            return;
        }

        std::string line = std::string(operation) + " failed: ";
        for (std::string_view part : text) {
            line += part;
        }
        say(Level::error, line, now);
    });
}

void Journal::worked(std::string_view operation, coro::Time now) noexcept {
    write(now, [&] {
        auto trouble = troubles_.find(operation);

        if (trouble != troubles_.end() && trouble->second.worked(now)) {
            say(Level::error,
                std::string(operation) + " works again" +
                    others(trouble->second.take_untold()),
                now);
        }
    });
}

void Journal::clock(const Skew& skew, coro::Time now) noexcept {
    using std::chrono::duration_cast;
    using std::chrono::seconds;
    bool is_behind = skew.ahead.count() > 0;

    write(now, [&] {
        std::string most =
            std::to_string(duration_cast<seconds>(Skew::tolerated).count());
        if (skew.is_tolerable()) {
            say(Level::error,
                "the clock here is within " + most + " s of the store's again",
                now);
            return;
        }
        say(Level::error,
            "the clock here is " +
                std::to_string(std::chrono::abs(skew.ahead).count()) + " ms " +
                (is_behind ? "behind" : "ahead of") +
                " the store's, more than " + most + " s",
            now);
    });
}

/* A burst moves `next_` ahead of the clock. */
bool Journal::may_say(coro::Time now) noexcept {
    next_ = std::max(next_, now);
    if (next_ - now >= max_burst * per_line) {
        return false;
    }
    next_ += per_line;
    return true;
}

void Journal::say(Level level, const std::string& line, coro::Time now) {
    std::string whole = kind_ + " " + address_ + ": " + line;

    if (may_say(now)) {
        log_(level, whole);
    } else {
        ++left_out_;
        left_out_at_ = now;
        left_out_level_ = std::min(left_out_level_, level);
    }
}

/* Once, after some time without lines. */
void Journal::say_left_out(coro::Time now) {
    say(std::exchange(left_out_level_, Level::notice),
        std::to_string(left_out_) + " lines were left out, " +
            (up_ ? "it is connected" : "it is unavailable"),
        now);
    left_out_ = 0;
}

}  // namespace backends
