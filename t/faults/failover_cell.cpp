#include "failover_cell.hpp"

#include <algorithm>
#include <doctest/doctest.h>

namespace support {

namespace {

std::string directive_of(const std::string& parameters) {
    const bool is_timed = parameters.find("timeout=") != parameters.npos;
    return "remote_ssl_session_cache " + parameters +
           (in_valgrind() && !is_timed ? " timeout=10s;" : ";");
}

std::string text(const TlsLoad::Tally& from, const TlsLoad::Tally& to) {
    return std::to_string(to.resumed - from.resumed) + " resumed, " +
           std::to_string(to.full - from.full) + " full";
}

}  // namespace

FailoverCell::FailoverCell(const std::string& column, const std::string& fault,
                           const std::string& parameters,
                           std::size_t connections)
    : cell_("Stores of several servers", fault, column),
      a_(directive_of(parameters), {}), b_(directive_of(parameters), {}) {
    REQUIRE(a_.connected(connections));
    REQUIRE(b_.connected(connections));
}

FailoverCell::Worker FailoverCell::observe(const Node& node) {
    REQUIRE(node.idle());
    const auto pids = node.nginx().workers();
    REQUIRE(pids.size() == 1);
    return {node, pids[0], open_sockets(pids[0])};
}

void FailoverCell::begin() {
    workers_.push_back(observe(a_));
    workers_.push_back(observe(b_));
    load_.emplace(std::vector{a_.address(), b_.address()}, 2,
                  [](const Session&) { return true; });
    REQUIRE(load_->resumes(20));
    before_ = load_->tally();
}

bool FailoverCell::resumes(const TlsOptions& session) const {
    const auto at_a = a_.get(session);
    const auto at_b = b_.get(session);
    CHECK(at_a.response.starts_with("HTTP/1.1 200 "));
    CHECK(at_b.response.starts_with("HTTP/1.1 200 "));
    return at_a.reused && at_b.reused;
}

bool FailoverCell::all_resume(const Sessions& sessions) const {
    return std::all_of(
        sessions.begin(), sessions.end(),
        [this](const auto& session) { return resumes(session); });
}

void FailoverCell::check_throughout(const Sessions& sessions,
                                    const std::function<bool()>& finished) {
    REQUIRE_FALSE(sessions.empty());
    const auto visit_all = [&] {
        for (const auto& session : sessions) {
            CHECK(resumes(session));
            undisturbed_ += 2;
        }
    };
    visit_all();
    REQUIRE(eventually([&] {
        visit_all();
        return finished();
    }));
    during_ = load_->tally();
}

void FailoverCell::check_full(const Sessions& sessions) {
    REQUIRE_FALSE(sessions.empty());
    for (const auto& session : sessions) {
        CHECK_FALSE(resumes(session));
    }
}

void FailoverCell::check_serves(const std::function<bool()>& finished) {
    REQUIRE(load_->goes_on(20));
    REQUIRE(eventually(finished));
    during_ = load_->tally();
}

void FailoverCell::check_soon(const std::function<bool()>& recovered) {
    const auto begin = Clock::now();
    INFO(cell_.fault());
    INFO(b_.nginx().log());
    CHECK(eventually(recovered));
    const auto took =
        std::chrono::duration_cast<Milliseconds>(Clock::now() - begin);
    CHECK(took < soon);
    took_ = std::max(took_, took);
}

void FailoverCell::check_returned(const Sessions& sessions) {
    check_soon([&] { return all_resume(sessions); });
    CHECK(all_resume(sessions));
}

// Enough sessions for each of the servers to have a few.
void FailoverCell::check_new_return() {
    check_soon([this] {
        const auto sessions = make_sessions(a_, 12);
        return eventually([&] { return all_resume(sessions); },
                          Milliseconds{100});
    });
}

void FailoverCell::check_nothing_left(const Worker& worker,
                                      std::size_t more) const {
    CHECK(worker.node.idle());
    CHECK(eventually(
        [&] { return open_sockets(worker.pid) <= worker.sockets + more; }));
    CHECK(worker.node.nginx().workers() == std::vector{worker.pid});
}

void FailoverCell::finish(std::size_t more) {
    CHECK(load_->resumes(40));
    const auto last = load_->stop();
    INFO(last.text());
    CHECK(last.failed() == 0);
    for (const auto& worker : workers_) {
        check_nothing_left(worker, more);
    }
    cell_.saw(seen(last));
}

std::string FailoverCell::seen(const TlsLoad::Tally& last) const {
    const auto all = std::to_string(undisturbed_);
    return "during: " + text(before_, during_) +
           (undisturbed_ != 0 ? " (undisturbed: " + all + " of " + all + ")"
                              : "") +
           "; after " + std::to_string(took_.count()) +
           " ms: " + text(during_, last) + "; 0 failed";
}

}  // namespace support
