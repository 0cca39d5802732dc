#include "backends/journal.hpp"

#include <utility>

namespace backends {

Journal::Journal(Log log, std::string kind)
    : log_(std::move(log)), kind_(std::move(kind)) {}

void Journal::at(const Address& address) {
    address_ = address.text;
}

void Journal::connected(std::string_view version, coro::Time now) {
    std::string line = "connected";

    if (!version.empty()) {
        line += ", version " + std::string(version);
    }
    if (lost_at_) {
        line +=
            ", back after " + std::to_string((now - *lost_at_).count()) + " ms";
    }
    losses_.clear();
    lost_at_.reset();
    say(Level::notice, line);
}

void Journal::lost(const std::string& why, bool was_up, coro::Time now) {
    if (was_up) {
        lost_at_ = now;
    }
    if (losses_.insert(why).second) {
        say(Level::error,
            (was_up ? "connection lost: " : "unavailable: ") + why);
    }
}

void Journal::failed(std::string_view operation, std::string_view code,
                     std::string_view text, coro::Time now) {
    if (troubles_[operation].failed(code, now)) {
        say(Level::error,
            std::string(operation) + " failed: " + std::string(text));
    }
}

void Journal::worked(std::string_view operation, coro::Time now) {
    auto trouble = troubles_.find(operation);

    if (trouble != troubles_.end() && trouble->second.worked(now)) {
        say(Level::notice, std::string(operation) + " works again");
    }
}

void Journal::say(Level level, const std::string& line) const {
    log_(level, kind_ + " " + address_ + ": " + line);
}

}  // namespace backends
