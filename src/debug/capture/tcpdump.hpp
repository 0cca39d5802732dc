/*
 * A tcpdump process that captures packets.
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
     * Returns when tcpdump is capturing. Throws std::runtime_error, whose text
     * says what to do.
     */
    Tcpdump(const std::string& interface, const std::string& filter,
            const std::string& user);
    ~Tcpdump();

    /* The packets, in pcap format. */
    int packets() const noexcept { return packets_.get(); }

    /* Asks tcpdump to report how many packets were dropped. */
    void ask() const noexcept;

    /*
     * How long the kernel may hold a packet back. With --immediate-mode it
     * would not hold any, but its buffer would have room for only a few.
     */
    static constexpr std::chrono::milliseconds held{1000};

    /* Asks tcpdump to end. Packets that the kernel holds are lost. */
    void stop() noexcept;

    /* The packets that the kernel dropped, by tcpdump's last report. */
    std::optional<std::uint64_t> dropped();

    /* Waits for tcpdump's end. Call it when the packets have ended. */
    void finish();

  private:
    void read_errors();

    Descriptor packets_;
    Descriptor errors_;
    std::string said_;
    std::optional<Child> child_;
};

/* The last "N packets dropped by kernel" in tcpdump's output. */
std::optional<std::uint64_t> read_dropped(const std::string& said);

}  // namespace debug
