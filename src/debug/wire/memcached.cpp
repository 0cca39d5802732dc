#include "debug/wire/memcached.hpp"
#include "debug/wire/memcached_binary.hpp"
#include "debug/wire/memcached_text.hpp"

#include <algorithm>

namespace debug {

namespace {

constexpr char binary_request = '\x80';

constexpr std::string_view text_commands[] = {
    "get ",     "gets ", "set ",    "add ",       "replace ",  "append ",
    "prepend ", "cas ",  "delete ", "incr ",      "decr ",     "touch ",
    "version",  "stats", "quit",    "verbosity ", "flush_all", "mn\r\n",
};

}  // namespace

MemcachedReader::MemcachedReader(StoreListener& listener, const Flow& flow)
    : listener_(listener), flow_(flow) {}

bool MemcachedReader::recognises(std::string_view bytes) noexcept {
    if (bytes.starts_with(binary_request)) {
        return bytes.size() >= 24;
    }
    return std::any_of(
        std::begin(text_commands), std::end(text_commands),
        [&](std::string_view name) { return bytes.starts_with(name); });
}

void MemcachedReader::data(Side from, Time time, std::string_view bytes) {
    if (dialect_ == nullptr) {
        if (from == Side::server || !recognises(bytes)) {
            return;
        }
        if (bytes.front() == binary_request) {
            dialect_ =
                std::make_unique<MemcachedBinaryReader>(listener_, flow_);
        } else {
            dialect_ = std::make_unique<MemcachedTextReader>(listener_, flow_);
        }
    }
    dialect_->data(from, time, bytes);
    if (dialect_->over()) {
        dialect_.reset();
    }
}

std::size_t MemcachedReader::held() const {
    return sizeof(*this) + (dialect_ != nullptr ? dialect_->held() : 0);
}

void MemcachedReader::gap(Side from, Time time) {
    if (dialect_ != nullptr) {
        dialect_->gap(from, time);
        dialect_.reset();
    }
}

void MemcachedReader::closed(Side by, Time time, bool /*reset*/) {
    listener_.disconnected(flow_, time, by);
}

void MemcachedReader::forgotten(Time time) {
    if (dialect_ != nullptr) {
        dialect_->forgotten(time);
    }
}

void PendingCommands::push(Time time, StoreCommand&& command,
                           std::string_view key, unsigned kind, bool quiet,
                           std::uint32_t opaque) {
    if (commands_.size() == max) {
        clear();
    }
    command.key = key.substr(0, StoreCommand::max_key);
    if (command.answered) {
        commands_.push_back(
            {command.id, hash(key), command.verb, kind, opaque, quiet});
    }
    listener_.asked(flow_, time, command);
}

void PendingCommands::push_other(unsigned kind, std::uint32_t opaque) {
    if (commands_.size() == max) {
        clear();
    }
    commands_.push_back({.kind = kind, .opaque = opaque});
}

void PendingCommands::answer_front(Time time, const StoreReply& reply) {
    std::uint64_t id = commands_.front().id;
    answered_.push_back(commands_.front());
    commands_.pop_front();
    if (answered_.size() > reach) {
        answered_.pop_front();
    }
    if (id != 0) {
        listener_.answered(flow_, time, id, reply);
    }
}

bool PendingCommands::is_in_first(std::size_t key, unsigned kind) const {
    std::size_t left = reach;
    for (const Command& command : commands_) {
        if (command.kind != kind || left-- == 0) {
            return false;
        }
        if (command.key == key) {
            return true;
        }
    }
    return false;
}

bool PendingCommands::bring_forward(std::size_t key, unsigned kind) {
    return bring([&](const Command& command) {
        return command.kind == kind && command.key == key;
    });
}

bool PendingCommands::bring_numbered(std::uint32_t opaque, unsigned kind) {
    auto is_it = [&](const Command& command) {
        return command.kind == kind && command.opaque == opaque;
    };
    bool is_known =
        is_next(opaque, kind) ||
        std::count_if(answered_.begin(), answered_.end(), is_it) == 1;
    return is_known && bring(is_it);
}

bool PendingCommands::is_next(std::uint32_t opaque, unsigned kind) const {
    return std::any_of(
        commands_.begin(), next_end(), [&](const Command& command) {
            return command.kind == kind && command.opaque == opaque;
        });
}

template <class Is>
bool PendingCommands::bring(Is is_it) {
    auto next = std::find_if(commands_.cbegin(), next_end(), is_it);
    if (next != next_end()) {
        for (auto passed = next - commands_.cbegin(); passed != 0; --passed) {
            if (commands_.front().id != 0) {
                listener_.unseen(flow_, commands_.front().id);
            }
            commands_.pop_front();
        }
        return true;
    }
    if (std::none_of(answered_.begin(), answered_.end(), is_it)) {
        return false;
    }
    do {
        commands_.push_front(answered_.back());
        answered_.pop_back();
        if (commands_.front().id != 0) {
            listener_.reopened(flow_, commands_.front().id);
        }
    } while (!is_it(commands_.front()));
    return true;
}

void PendingCommands::clear() {
    for (const Command& command : commands_) {
        if (command.id != 0) {
            listener_.unseen(flow_, command.id);
        }
    }
    commands_.clear();
    answered_.clear();
}

}  // namespace debug
