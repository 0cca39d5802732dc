#pragma once

#include "support/fault_table.hpp"
#include "support/node.hpp"
#include "support/tls_load.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace support {

// Two nodes on a store of several servers, under a constant load of clients
// that go to either at random, while servers fail and are replaced.
class FailoverCell {
  public:
    using Sessions = std::vector<TlsOptions>;

    // `parameters` are the directive's. A node is ready when it has logged this
    // many connections.
    FailoverCell(const std::string& column, const std::string& fault,
                 const std::string& parameters, std::size_t connections);

    const Node& a() const { return a_; }
    const Node& b() const { return b_; }

    // Starts the load. The fault comes next.
    void begin();

    // Sessions that no fault touches resume at both nodes, again and again
    // until the servers have `finished`.
    void check_throughout(const Sessions& sessions,
                          const std::function<bool()>& finished);
    // None of these resumes or fails while the fault lasts.
    void check_full(const Sessions& sessions);
    // Clients are served until the servers have `finished`.
    void check_serves(const std::function<bool()>& finished);

    // The servers have finished: soon all of these resume at both nodes, and
    // keep resuming.
    void check_returned(const Sessions& sessions);
    // So do, soon, sessions that are made now.
    void check_new_return();

    // Nothing is left of all this except sockets to `more` servers, and no
    // client has failed. Writes the cell.
    void finish(std::size_t more = 0);

  private:
    struct Worker {
        const Node& node;
        pid_t pid;
        std::size_t sockets;
    };

    static Worker observe(const Node& node);
    bool resumes(const TlsOptions& session) const;
    bool all_resume(const Sessions& sessions) const;
    // Also notes how long it took.
    void check_soon(const std::function<bool()>& recovered);
    void check_nothing_left(const Worker& worker, std::size_t more) const;
    std::string seen(const TlsLoad::Tally& last) const;

    FaultCell cell_;
    Node a_;
    Node b_;
    std::vector<Worker> workers_;
    std::optional<TlsLoad> load_;
    TlsLoad::Tally before_;
    TlsLoad::Tally during_;
    int undisturbed_ = 0;   // visits
    Milliseconds took_{0};  // at most, until sessions resumed again
};

}  // namespace support
