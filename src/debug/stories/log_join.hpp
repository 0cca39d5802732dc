/*
 * Puts together what the wire and the error log tell of one handshake.
 */

#pragma once

#include "debug/stories/story.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <tuple>

namespace debug {

class LogJoin {
  public:
    using Tell = std::function<void(Story&&)>;

    /* So many of each kind may wait for the other, and so many bytes. */
    static constexpr std::size_t max_waiting = 65'536;
    static constexpr std::size_t max_held = 6 * 1024 * 1024;

    /*
     * `patience`: how long a story waits for its counterpart; none: those of
     * the log for ever, those of the wire not at all.
     */
    LogJoin(Tell tell, std::optional<Microseconds> patience)
        : tell_(std::move(tell)), patience_(patience) {}

    void add_wire(Story&& story);
    void add_log(Story&& story);

    /* Tells those that have waited in vain, by the clock of the capture. */
    void advance(Time now);

    void finish();

  private:
    struct Waiting {
        Story story;
        Time since;
        std::size_t cost;
    };

    /* Who came to which port, when, and the story's number. */
    using Visit = std::tuple<Endpoint, std::uint16_t, Time, std::uint64_t>;

    struct Side {
        std::map<std::uint64_t, Waiting> in_order;
        std::set<Visit> by_client;
        std::size_t held = 0;
    };

    std::optional<Story> counterpart(Side& side, const Story& story);
    void wait(Side& side, Story&& story);
    void tell_older(Side& side, Time than);
    static Story take(Side& side, std::uint64_t number);

    Tell tell_;
    std::optional<Microseconds> patience_;
    Side wire_;
    Side log_;
    std::uint64_t last_ = 0;
    Time now_{};
};

/* What the wire tells, with what the log adds; the log knows better. */
Story merged(Story wire, const Story& log);

}  // namespace debug
