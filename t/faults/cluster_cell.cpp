#include "cluster_cell.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <utility>

namespace support {

namespace {

using Sessions = FailoverCell::Sessions;

constexpr std::size_t masters = 3;

auto count(const Sessions& sessions, const TlsOptions& like) {
    return std::count_if(sessions.begin(), sessions.end(), [&](auto& one) {
        return one.max_version == like.max_version;
    });
}

// Whether there are at least this many of each protocol.
bool suffices(const Sessions& sessions, int each) {
    return count(sessions, tls12()) >= each && count(sessions, tls13()) >= each;
}

std::string key_of(const TlsOptions& session) {
    return "ngx_ssl:" + session_id(session.session);
}

}  // namespace

// A node logs when it connects to the cluster, and to each master.
ClusterCell::ClusterCell(const RedisCluster& cluster, const std::string& fault,
                         const std::string& seeds)
    : FailoverCell("Redis Cluster", fault, seeds, 1 + masters),
      cluster_(cluster) {
    make_all();
}

void ClusterCell::wait_stored(const TlsOptions& session) const {
    REQUIRE(
        eventually([&] { return cluster_.get(key_of(session)).has_value(); }));
}

void ClusterCell::make_all() {
    constexpr int each = 2;
    const auto done = [&] {
        return std::count_if(sessions_.begin(), sessions_.end(), [](auto& own) {
            return suffices(own.second, each);
        });
    };
    while (std::cmp_less(done(), masters)) {
        for (const auto& session : make_sessions(a(), 2)) {
            auto& own = sessions_[cluster_.owner_of(key_of(session))];
            if (count(own, session) < each) {
                wait_stored(session);
                own.push_back(session);
            }
        }
    }
}

Sessions ClusterCell::but_of(std::size_t master) const {
    Sessions some;
    for (const auto& [owner, sessions] : sessions_) {
        if (owner != master) {
            some.insert(some.end(), sessions.begin(), sessions.end());
        }
    }
    return some;
}

Sessions ClusterCell::all() const {
    return but_of(cluster_.size());
}

Sessions ClusterCell::make_below(int slot) const {
    Sessions below;
    while (!suffices(below, 1)) {
        for (const auto& session : make_sessions(a(), 2)) {
            if (cluster_.slot_of(key_of(session)) < slot) {
                wait_stored(session);
                below.push_back(session);
            }
        }
    }
    return below;
}

}  // namespace support
