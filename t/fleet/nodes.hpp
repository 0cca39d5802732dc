#pragma once

#include "fleet/rotation.hpp"
#include "support/certificates.hpp"
#include "support/key_files.hpp"
#include "support/node.hpp"

#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>

namespace fleet {

// The fleet: nginx nodes with two workers, each at a loopback address of its
// own. Operations on all nodes are done one after the other.
class Nodes {
  public:
    // `store` has the directive's parameters.
    Nodes(std::size_t count, std::string store, bool shared_tickets,
          Rotation& rotation);

    void reload();
    // Takes each node out of the rotation first, and puts it back when it runs.
    void restart();
    // Adds a node. It is in the rotation as soon as it listens.
    void add();
    // From now on, nodes have these key files, by their letters.
    void set_keys(const std::string& letters);
    // New certificates, with new keys.
    void renew_certificates();

    // Calls it with each node that is not being restarted.
    void look(const std::function<void(const support::Node&)>& at);

    static constexpr int workers = 2;

  private:
    struct Member {
        std::size_t number = 0;
        std::mutex changing;
        std::unique_ptr<support::Node> node;
    };

    support::NodeConfig config(std::size_t number) const;
    void start(std::size_t number);

    std::string store_;
    bool shared_tickets_;
    Rotation& rotation_;
    support::KeyFiles key_files_;
    std::string keys_ = "a";
    std::unique_ptr<support::Certificates> renewed_;
    std::mutex mutex_;  // of the list, which only grows
    std::list<Member> members_;
};

}  // namespace fleet
