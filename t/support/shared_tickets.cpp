#include "support/shared_tickets.hpp"

#include <algorithm>

namespace support {

namespace {

const std::string prefix = "ngx_ssl:";

}  // namespace

bool is_stateless(const Session& session) {
    const unsigned char* ticket = nullptr;
    std::size_t length = 0;
    SSL_SESSION_get0_ticket(session.get(), &ticket, &length);
    return length > SSL_MAX_SSL_SESSION_ID_LENGTH;
}

std::string sharing(const KeyFiles& keys, const std::string& letters,
                    const std::string& more) {
    return "tickets=shared " + keys.parameters(letters) + ' ' + more;
}

std::size_t count_records(const StoreServer& store, const std::string& kind) {
    const auto keys = store.keys();
    return static_cast<std::size_t>(
        std::count_if(keys.begin(), keys.end(), [&](const auto& key) {
            return key.starts_with(prefix + kind + ':');
        }));
}

std::size_t count_sessions(const StoreServer& store) {
    const auto keys = store.keys();
    return static_cast<std::size_t>(
        std::count_if(keys.begin(), keys.end(), [&](const auto& key) {
            return key.size() == prefix.size() + 64;
        }));
}

std::uint64_t count_fetches(const Node& node) {
    std::uint64_t sum = 0;
    const auto figures = node.figures();
    for (const auto& server : figures["servers"]) {
        for (const auto& count : server["fetches"]) {
            sum += count.get<std::uint64_t>();
        }
    }
    return sum;
}

std::uint64_t not_opened(const Node& node, const std::string& reason) {
    return node.figures()["tickets"]["not_opened"][reason].get<std::uint64_t>();
}

}  // namespace support
