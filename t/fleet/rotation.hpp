#pragma once

#include "support/socket.hpp"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <random>
#include <vector>

namespace fleet {

// The nodes to which clients are sent, as in a load balancer.
class Rotation {
    struct Place {
        support::Address address;
        int visits = 0;  // under way
    };

  public:
    // A running visit at one of them.
    class Lease {
      public:
        Lease(Rotation& rotation, std::shared_ptr<Place> place)
            : rotation_(rotation), place_(std::move(place)) {}
        ~Lease() { rotation_.end_visit(*place_); }
        Lease(const Lease&) = delete;
        Lease& operator=(const Lease&) = delete;

        const support::Address& address() const { return place_->address; }

      private:
        Rotation& rotation_;
        std::shared_ptr<Place> place_;
    };

    void enter(const support::Address& address);
    // Sends nobody there any more, and returns when the last visit has ended.
    void leave(const support::Address& address);

    // A visit at a random node. There has to be one.
    Lease visit(std::mt19937& random);

  private:
    void end_visit(Place& place);

    std::mutex mutex_;
    std::condition_variable ended_;
    std::vector<std::shared_ptr<Place>> places_;
};

}  // namespace fleet
