/*
 * Joins what the wire and the error log have on the same handshake.
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

    /* How many stories of each source may wait for the other, and their
     * bytes. */
    static constexpr std::size_t max_waiting = 65'536;
    static constexpr std::size_t max_held = 6 * 1024 * 1024;

    /*
     * `patience` is how long a story waits for its counterpart. None means that
     * stories of the log wait for ever, and those of the wire do not wait.
     */
    LogJoin(Tell tell, std::optional<Microseconds> patience)
        : tell_(std::move(tell)), patience_(patience) {}

    void add_wire(Story&& story);
    void add_log(Story&& story);

    /* Hands out stories whose wait is over, by the capture's clock. */
    void advance(Time now);

    void finish();

  private:
    struct Waiting {
        Story story;
        Time since;
        std::size_t cost;
    };

    /* The client, the port, the time, and the story's number. */
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

/* Adds the log's story to the wire's. If they differ, the log is right. */
Story merged(Story wire, const Story& log);

}  // namespace debug
