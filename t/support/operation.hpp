#pragma once

#include "support/fault_table.hpp"
#include "support/store_column.hpp"
#include "support/suspension.hpp"
#include "support/tls_load.hpp"

#include <doctest/doctest.h>

namespace support {

// A node under a constant load of resumptions, while its operator does
// something. A row of the fault table.
template <class Server>
class Operation {
  public:
    static constexpr int clients = 4;

    explicit Operation(const std::string& name, const NodeConfig& config = {},
                       const std::string& parameters = "timeout=60s")
        : cell_("Operators", name, store_column<Server>()),
          suspension_(store_, config, parameters),
          load_(suspension_.node().address(), clients) {
        CHECK(load_.resumes());
    }

    Server& store() { return store_; }
    Suspension& suspension() { return suspension_; }
    Node& node() { return suspension_.node(); }
    Nginx& nginx() { return node().nginx(); }
    const TlsLoad& load() const { return load_; }

    // Checks that at most `lost` visits have failed, that sessions resume, and
    // that nothing is left of clients and old workers.
    void finish(int lost = 0) {
        CHECK(load_.resumes());
        const auto tally = load_.stop();
        INFO(tally.text());
        CHECK(tally.failed() <= lost);
        CHECK(nginx().settled());
        suspension_.check_recovers();
        cell_.saw(tally.text());
    }

  private:
    FaultCell cell_;
    Server store_;
    Suspension suspension_;
    TlsLoad load_;
};

}  // namespace support
