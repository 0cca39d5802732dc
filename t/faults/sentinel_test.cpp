// A primary and its replica, which Sentinels watch.

#include "failover_cell.hpp"

#include "support/sentinel_server.hpp"

#include <doctest/doctest.h>

using namespace support;

namespace {

// Two nodes, and sessions that both servers have.
struct SentinelCell : FailoverCell {
    SentinelCell(Watched& watched, const std::string& fault)
        : FailoverCell("Sentinel", fault, watched.parameters(), 1),
          sessions(make_sessions(a(), 6)) {
        for (const auto& options : sessions) {
            REQUIRE(wait_stored(watched.b(), options.session));
        }
        begin();
    }

    const Sessions sessions;
};

}  // namespace

TEST_CASE("faults: a Sentinel fails over by command") {
    Watched x;
    SentinelCell cell(x, "failover by command");
    x.fail_over();
    cell.check_serves([&] { return x.names(x.b()); });
    cell.check_returned(cell.sessions);
    cell.finish();
}

TEST_CASE("faults: a primary dies that Sentinels watch") {
    Watched x;
    SentinelCell cell(x, "a master is killed with -9, and comes back");
    x.a().kill9();
    cell.check_serves([&] { return x.names(x.b()); });
    cell.check_returned(cell.sessions);
    x.a().start();
    cell.check_returned(cell.sessions);
    cell.finish();
}

TEST_CASE("faults: a primary stands still that Sentinels watch") {
    Watched x;
    SentinelCell cell(x, "a master is frozen, and comes back");
    x.a().freeze();
    cell.check_serves([&] { return x.names(x.b()); });
    cell.check_returned(cell.sessions);
    // It believes that it is the master until a Sentinel corrects it.
    x.a().thaw();
    cell.check_returned(cell.sessions);
    cell.finish();
}

TEST_CASE("faults: Sentinels die") {
    Watched x;
    {
        SentinelCell cell(x, "all Sentinels dead, the connection lost");
        for (std::size_t i = 0; i < x.count(); ++i) {
            x.sentinel(i).kill9();
        }
        cell.check_throughout(cell.sessions, [] { return true; });
        x.a().client().command({"CLIENT", "KILL", "TYPE", "normal"});
        cell.check_returned(cell.sessions);
        cell.finish();
    }
    x.sentinel(0).start();
    x.sentinel(2).start();
    {
        SentinelCell cell(x, "a Sentinel dead, then the master");
        x.a().kill9();
        cell.check_serves([&] { return x.names(x.b(), {0, 2}); });
        cell.check_returned(cell.sessions);
        cell.finish();
    }
}

TEST_CASE("faults: a primary is demoted and stays alive") {
    // Its connections stay, because it is not the Sentinels that demote it.
    Watched x(1);
    SentinelCell cell(x, "a demoted master that stays alive: READONLY");
    x.swap();
    cell.check_serves([&] { return x.names(x.b()); });
    cell.check_returned(cell.sessions);
    cell.check_new_return();
    cell.finish();
}
