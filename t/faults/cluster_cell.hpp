#pragma once

#include "failover_cell.hpp"

#include "support/redis_cluster.hpp"

#include <map>

namespace support {

// A cell of a Redis Cluster, with sessions at three of its masters.
class ClusterCell : public FailoverCell {
  public:
    // `seeds` are the cluster's parameters.
    ClusterCell(const RedisCluster& cluster, const std::string& fault,
                const std::string& seeds);

    // The sessions whose slots other masters had when it began; all of them.
    Sessions but_of(std::size_t master) const;
    Sessions all() const;

    // One session of each protocol, in slots below this one.
    Sessions make_below(int slot) const;

  private:
    void make_all();
    void wait_stored(const TlsOptions& session) const;

    const RedisCluster& cluster_;
    std::map<std::size_t, Sessions> sessions_;
};

}  // namespace support
