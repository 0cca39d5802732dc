#include "debug/tell/summary.hpp"
#include "debug/tell/format.hpp"

#include <algorithm>

namespace debug {

namespace {

/* A log may contain any status. */
constexpr std::size_t most_statuses = 64;

/* A lookup that takes longer than this costs more than a signature. */
constexpr Microseconds slow_lookup{5'000};

std::string number(std::uint64_t count) {
    return std::to_string(count);
}

std::string handshakes_of(std::uint64_t part, std::uint64_t all) {
    return number(part) + " of " + counted(all, "handshake") + ' ';
}

}  // namespace

void Summary::add(const Story& story) {
    ++handshakes_;
    ++ends_[story.end];
    bool known =
        statuses_.size() < most_statuses || statuses_.contains(story.status);
    ++statuses_[known ? story.status : "?"];
    by_ticket_ += story.by_ticket;
    tickets_offered_ += story.ticket_offered;
    never_stored_ += story.never_stored;
    named_ += story.named;
    unnamed_ += story.unnamed;
    disagreeing_ += story.on_wire && story.in_log &&
                    !story.wire_status.empty() &&
                    story.wire_status != story.status;
    if (story.in_log) {
        count_logged(story);
    }
    if (story.lookup) {
        lookup_.add(*story.lookup);
    }
    if (story.handshake) {
        handshake_.add(*story.handshake);
    }

    if (story.lookup) {
        Slow slow{*story.lookup,      handshakes_,  story.begin,
                  time_of_day(story), title(story), story.status};
        auto place = std::upper_bound(
            slowest_.begin(), slowest_.end(), slow,
            [](const Slow& a, const Slow& b) { return a.waited > b.waited; });
        slowest_.insert(place, std::move(slow));
        if (slowest_.size() > slowest_kept) {
            slowest_.pop_back();
        }
    }
}

/* Counts per handshake, so a shared lookup counts several times. */
void Summary::count_logged(const Story& story) {
    for (const Event& event : story.events) {
        if (event.source != Source::log) {
            continue;
        }
        logged_.hits += event.kind == "store_hit";
        logged_.misses += event.kind == "store_miss";
        logged_.unanswered += event.kind == "store_timeout";
        logged_.errors += event.kind == "store_error";
        logged_.sets += event.kind == "stored";
        logged_.erases += event.kind == "removed";
        logged_.claims += event.kind == "store_claim";
        logged_.replays += event.kind == "store_replay";
        logged_.seeds += event.kind == "store_seed";
    }
}

Source Summary::stores_by() const noexcept {
    return logged_.any() && !stores_.any() ? Source::log : Source::wire;
}

std::vector<std::string> Summary::store_lines() const {
    const StoreCounts& counts = stores();
    std::vector<std::string> lines;

    lines.push_back(
        std::string(stores_by() == Source::log ? "the store, by the log: "
                                               : "the store: ") +
        counted(counts.hits, "hit") + ", " +
        counted(counts.misses, "miss", "misses") + ", " +
        counted(counts.errors, "error") + ", " + number(counts.unanswered) +
        " unanswered, " + counted(counts.sets, "set") + ", " +
        counted(counts.erases, "delete") +
        (counts.redirects != 0 ? ", " + counted(counts.redirects, "redirect")
                               : ""));
    if (counts.claims != 0) {
        lines.push_back("early data: " + counted(counts.claims, "claim") +
                        ", " + number(counts.replays) +
                        " of data that had been claimed before");
    }
    if (counts.seeds != 0) {
        lines.push_back("shared tickets: " + counted(counts.seeds, "lookup") +
                        " of keys");
    }
    return lines;
}

std::uint64_t Summary::ended(End end) const {
    auto found = ends_.find(end);
    return found == ends_.end() ? 0 : found->second;
}

std::uint64_t Summary::status(const std::string& name) const {
    auto found = statuses_.find(name);
    return found == statuses_.end() ? 0 : found->second;
}

/* Whether no request had a name that the key gives, though handshakes that
 * offered sessions were waiting. */
bool Summary::is_key_wrong() const {
    return stores_.has_keys && unnamed_ != 0 && named_ == 0;
}

/* Why some lookups may belong to no handshake. */
std::string Summary::unjoined() const {
    if (is_key_wrong()) {
        return "the key is not the one that names them";
    }
    if (capture_.quic != 0) {
        return "they may be lookups for HTTP/3 clients, as the capture has "
               "QUIC, whose handshakes are not read";
    }
    return std::string(stores_.has_keys ? "they may be sealed with another key"
                                        : "sealed sessions need --key") +
           ", the clients' side has to be captured, too, and handshakes over "
           "QUIC (HTTP/3) are not read";
}

std::vector<std::string> Summary::hints() const {
    std::vector<std::string> hints;
    auto hint = [&](std::uint64_t count, const std::string& text) {
        if (count != 0) {
            hints.push_back(handshakes_of(count, handshakes_) + text);
        }
    };

    std::uint64_t without = status("-") - std::min(status("-"), by_ticket_);
    if (without * 2 > handshakes_) {
        hint(without, "offered no session: the clients are new, do not keep "
                      "sessions, or their sessions have expired "
                      "(ssl_session_timeout)");
    }
    hint(tickets_offered_, "offered a ticket. Only the node that made a ticket "
                           "can open it, unless the nodes share their keys "
                           "(tickets=shared). With tickets=off, clients offer "
                           "session IDs instead");
    hint(status("INVALID"), "had a session from the store refused. The error "
                            "log says why at level info: the nodes differ in "
                            "certificates, key= or client verification");
    hint(status("TIMEOUT"), "waited for the store until the timeout: it is "
                            "slow or frozen (SLOWLOG, swapping), or timeout= "
                            "is too short");
    hint(status("DOWN") + status("BUSY") + status("DOWN or BUSY"),
         "could not ask the store: look for \"unavailable\" in the error log, "
         "and check count=");
    hint(never_stored_, "offered a session that the store does not have and "
                        "that was not stored during this run: it was stored "
                        "earlier and has expired or was evicted, or it belongs "
                        "to other servers");
    if (lookup_.count() != 0 && lookup_.at(99) > slow_lookup) {
        hints.push_back("the store is slow: 1 % of the lookups take " +
                        milliseconds(lookup_.at(99)) + " or longer");
    }
    if (is_key_wrong()) {
        hints.push_back(
            "the key of --key seems to be wrong: while " +
            counted(unnamed_, "handshake") +
            " with sessions waited, the store was asked for none of the names "
            "that this key gives these sessions (--key-id FILE prints a key's "
            "identifier as nginx logs it)");
    }
    if (stores_.unjoined != 0) {
        hints.push_back(
            counted(stores_.unjoined, "lookup belongs", "lookups belong") +
            " to no handshake in the capture: " + unjoined());
    }
    return hints;
}

std::vector<std::string> Summary::reservations() const {
    std::vector<std::string> known;
    auto reserve = [&](std::uint64_t count, std::string_view one,
                       std::string_view many, const std::string& text) {
        if (count != 0) {
            known.push_back(counted(count, one, many) + ' ' + text);
        }
    };

    reserve(capture_.dropped.value_or(0), "packet was", "packets were",
            "dropped by the kernel: stories may be incomplete");
    reserve(connections_.gaps, "time", "times", "the capture lacked bytes");
    reserve(connections_.forgotten, "connection was", "connections were",
            "forgotten early, because too many were open");
    reserve(stores_.not_tls, "connection to a TLS port",
            "connections to TLS ports",
            "did not begin with TLS, the PROXY protocol or STARTTLS");
    reserve(stores_.set_aside, "connection to a store is",
            "connections to stores are",
            "not a worker's: replicas, monitoring or people use such ones");
    reserve(let_go_, "handshake was", "handshakes were",
            "told before the end, because too many were under way");
    reserve(ended(End::unknown), "handshake", "handshakes",
            "ended in an unknown way");
    reserve(disagreeing_, "handshake has", "handshakes have",
            "one status in the log and another on the wire");
    if (!capture_.trouble.empty()) {
        known.push_back("the capture ends early: " + capture_.trouble);
    }
    for (const std::string& log : capture_.silent_logs) {
        known.push_back(log);
    }
    return known;
}

}  // namespace debug
