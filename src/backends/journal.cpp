#include "backends/journal.hpp"

#include <utility>

namespace backends {

Journal::Journal(Log log, std::string kind)
    : log_(std::move(log)), kind_(std::move(kind)) {}

void Journal::at(const Address& address) {
    address_ = address.text;
}

void Journal::connected() {
    losses_.clear();
    say(Level::notice, "connected");
}

void Journal::lost(const std::string& why, bool was_up) {
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
