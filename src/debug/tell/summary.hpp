/*
 * The totals of a run, and hints that follow from them.
 */

#pragma once

#include "debug/capture/connections.hpp"
#include "debug/stories/percentiles.hpp"
#include "debug/stories/stories.hpp"
#include "debug/stories/story.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace debug {

/* How complete the capture is. */
struct CaptureCounts {
    std::uint64_t packets = 0;
    std::uint64_t not_tcp = 0; /* frames that were not understood */
    std::uint64_t quic = 0;    /* of these, starts of QUIC handshakes */
    std::optional<std::uint64_t> dropped{}; /* by tcpdump's report at the end */
    std::string trouble{};                  /* why the capture ended early */
    std::vector<std::string> silent_logs{}; /* without a line of the module */
};

class Summary {
  public:
    struct Slow {
        Microseconds waited;
        std::uint64_t number; /* among all handshakes, from 1 on */
        Time begin;
        std::string time_of_day;
        std::string title;
        std::string status;
    };
    static constexpr std::size_t slowest_kept = 5;

    void add(const Story& story);

    /* To be called at the end. */
    void add(const StoreCounts& stores) { stores_ = stores; }
    void add(const CaptureCounts& capture) { capture_ = capture; }
    void add(const Connections::Counts& connections, std::uint64_t let_go) {
        connections_ = connections;
        let_go_ = let_go;
    }

    std::uint64_t handshakes() const noexcept { return handshakes_; }
    std::uint64_t ended(End end) const;
    const std::map<std::string, std::uint64_t>& statuses() const noexcept {
        return statuses_;
    }
    const Percentiles& lookup() const noexcept { return lookup_; }
    const Percentiles& handshake() const noexcept { return handshake_; }
    const std::vector<Slow>& slowest() const noexcept { return slowest_; }
    /* By the capture or, if that has no store, by the log. */
    const StoreCounts& stores() const noexcept {
        return stores_by() == Source::log ? logged_ : stores_;
    }
    Source stores_by() const noexcept;
    const CaptureCounts& capture() const noexcept { return capture_; }
    const Connections::Counts& connections() const noexcept {
        return connections_;
    }
    std::uint64_t let_go() const noexcept { return let_go_; }

    /* Lines about the stores' requests and replies. */
    std::vector<std::string> store_lines() const;

    /* What an operator may want to check. */
    std::vector<std::string> hints() const;

    /* What is not known, because the capture or memory did not suffice. */
    std::vector<std::string> reservations() const;

  private:
    std::uint64_t status(const std::string& name) const;
    void count_logged(const Story& story);
    bool is_key_wrong() const;
    std::string unjoined() const;

    std::uint64_t handshakes_ = 0;
    std::map<End, std::uint64_t> ends_;
    std::map<std::string, std::uint64_t> statuses_;
    std::uint64_t by_ticket_ = 0;
    std::uint64_t tickets_offered_ = 0;
    std::uint64_t never_stored_ = 0;
    std::uint64_t disagreeing_ = 0;
    std::uint64_t named_ = 0;
    std::uint64_t unnamed_ = 0;
    Percentiles lookup_;
    Percentiles handshake_;
    std::vector<Slow> slowest_;
    StoreCounts stores_;
    StoreCounts logged_;
    CaptureCounts capture_;
    Connections::Counts connections_;
    std::uint64_t let_go_ = 0;
};

}  // namespace debug
