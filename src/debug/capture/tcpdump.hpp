/*
 * A tcpdump that captures for us.
 */

#pragma once

#include "debug/capture/child.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace debug {

class Tcpdump {
  public:
    /*
     * Returns when it captures. Throws std::runtime_error, which says what
     * has to be done about it.
     */
    Tcpdump(const std::string& interface, const std::string& filter,
            const std::string& user);
    ~Tcpdump();

    /* Its packets, in pcap's format. */
    int packets() const noexcept { return packets_.get(); }

    /* Asks it to say how many packets were dropped. */
    void ask() const noexcept;

    /*
     * How long the kernel may hold a packet back: with --immediate-mode it
     * would not, but its buffer would have room for a few packets only.
     */
    static constexpr std::chrono::milliseconds held{1000};

    /* Asks it to end; what the kernel holds is lost. */
    void stop() noexcept;

    /* Packets that the kernel dropped, as it last said. */
    std::optional<std::uint64_t> dropped();

    /* To be called when its packets have ended: waits for the rest. */
    void finish();

  private:
    void read_errors();

    Descriptor packets_;
    Descriptor errors_;
    std::string said_;
    std::optional<Child> child_;
};

/* The last "N packets dropped by kernel" in what tcpdump said. */
std::optional<std::uint64_t> read_dropped(const std::string& said);

}  // namespace debug
