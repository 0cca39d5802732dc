#pragma once

#include "simulate/world.hpp"

#include <map>
#include <string>

namespace simulate {

// A server's data. Each value expires by the server's clock.
class Data {
  public:
    explicit Data(World& world) : world_(world) {}

    // Returns null if there is none.
    const std::string* find(const std::string& key) {
        const auto found = values_.find(key);
        if (found == values_.end()) {
            return nullptr;
        }
        if (found->second.expires <= clock()) {
            values_.erase(found);
            return nullptr;
        }
        return &found->second.text;
    }
    void put(const std::string& key, std::string_view text, Seconds ttl) {
        const Micros least = Seconds(1);
        const Micros span =
            ttl < Seconds(1'000'000) ? Micros(ttl) : Seconds(1'000'000);
        values_.insert_or_assign(
            key, Value{std::string(text), clock() + std::max(least, span)});
    }
    bool erase(const std::string& key) { return values_.erase(key) != 0; }
    void clear() { values_.clear(); }
    std::size_t size() const { return values_.size(); }

    // Copies the data as a replica has it, without some of it.
    void copy(const Data& from, unsigned loses_one_in) {
        values_ = from.values_;
        forget(loses_one_in);
    }
    // Returns how many were forgotten.
    std::size_t forget(unsigned one_in) {
        return std::erase_if(values_, [&](const auto&) {
            return one_in != 0 && world_.chance().one_in(one_in);
        });
    }
    // Moves the values whose keys `chosen` accepts to `to`.
    template <class Chosen>
    void move_to(Data& to, const Chosen& chosen) {
        std::erase_if(values_, [&](const auto& entry) {
            if (!chosen(entry.first)) {
                return false;
            }
            to.values_.insert_or_assign(entry.first, entry.second);
            return true;
        });
    }

    // How far the machine's clock is ahead.
    Micros ahead{0};
    Micros clock() const { return world_.wall() + ahead; }

  private:
    struct Value {
        std::string text;
        Micros expires;
    };
    World& world_;
    std::map<std::string, Value> values_;
};

}  // namespace simulate
