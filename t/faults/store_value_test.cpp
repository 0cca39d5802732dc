// What a store may do to the values that it keeps.

#include "store_cell.hpp"

#include <doctest/doctest.h>

using namespace support;

namespace {

struct Change {
    const char* fault;
    std::function<std::string(const std::string& value)> make;
};

std::string flipped(std::string value, std::size_t at) {
    value.at(at) ^= 0x10;
    return value;
}

const Change changes[] = {
    {"value empty", [](auto&) { return ""; }},
    {"value of 64 KiB", [](auto&) { return std::string(65536, '\x01'); }},
    {"value of 64 KiB, a session at its head",
     [](auto& v) { return v + std::string(65536 - v.size(), '\0'); }},
    {"value of 1,000,000 bytes",
     [](auto&) { return std::string(1'000'000, '\x01'); }},
};

void spoil(const StoreServer& store, const StoreCell& cell,
           const std::function<std::string(const std::string&)>& make) {
    for (const auto& key : cell.keys()) {
        store.set(key, make(store.get(key).value()));
    }
}

std::size_t shortest(const StoreServer& store, const StoreCell& cell) {
    std::size_t size = -1;
    for (const auto& key : cell.keys()) {
        size = std::min(size, store.get(key).value().size());
    }
    return size;
}

}  // namespace

STORE_TEST_CASE("faults: values of another size") {
    Server store;
    Fleet fleet(store, {}, quick);
    for (const auto& change : changes) {
        CAPTURE(std::string(change.fault));
        StoreCell cell(store_column<Server>(), change.fault, fleet);
        spoil(store, cell, change.make);
        cell.visit();
        cell.expect_full();
        cell.recovers();
    }
}

STORE_TEST_CASE("faults: truncated values") {
    Server store;
    Fleet fleet(store, {}, quick);
    StoreCell cell(store_column<Server>(), "value truncated, at 20 places",
                   fleet);
    const auto size = shortest(store, cell);
    for (std::size_t i = 20; i-- > 0;) {
        CAPTURE(i);
        spoil(store, cell, [&](auto& v) { return v.substr(0, size * i / 20); });
        cell.visit();
    }
    cell.expect_full();
    cell.recovers();
}

STORE_TEST_CASE("faults: values with a flipped bit") {
    Server store;
    Fleet fleet(store, {}, quick);
    StoreCell cell(store_column<Server>(),
                   "value with a flipped bit, at each byte", fleet);
    std::vector<std::string> whole;
    for (const auto& key : cell.keys()) {
        whole.push_back(store.get(key).value());
    }
    const auto keys = cell.keys();
    const auto size = shortest(store, cell);
    // Two successive clients use different protocols.
    for (std::size_t at = 0; at < size; at += keys.size() / 2) {
        CAPTURE(at);
        for (std::size_t i = 0; i < keys.size(); ++i) {
            store.set(keys[i], flipped(whole[i], (at + i / 2) % size));
        }
        auto clients = cell.start();
        cell.finish(clients);
    }
    cell.expect_full();
    cell.recovers();
}

STORE_TEST_CASE("faults: values of one session under the key of another") {
    Server store;
    Fleet fleet(store, {}, quick);
    StoreCell cell(store_column<Server>(), "the value of another session",
                   fleet);
    const auto keys = cell.keys();
    const auto first = store.get(keys.front()).value();
    for (std::size_t i = 0; i + 1 < keys.size(); ++i) {
        store.set(keys[i], store.get(keys[i + 1]).value());
    }
    store.set(keys.back(), first);
    cell.visit();
    cell.expect_full();
    cell.recovers();
}
