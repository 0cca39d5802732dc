/*
 * The frames of a capture, and the TCP segments in them.
 */

#pragma once

#include "debug/capture/endpoint.hpp"
#include "debug/capture/time.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

struct pcap;

namespace debug {

struct Segment {
    Time time;
    Endpoint from;
    Endpoint to;
    std::uint32_t sequence = 0;
    std::uint32_t acknowledged = 0; /* if `ack` is set */
    bool syn = false;
    bool ack = false;
    bool fin = false;
    bool rst = false;
    std::string_view payload{}; /* of the frame */
    std::size_t missing = 0;    /* bytes at its end that were not captured */
};

/* Whether decode() supports this link type (pcap-linktype(7)). */
bool knows_link_type(int link_type) noexcept;

/*
 * The TCP segment in a frame, which may have IP in IP. None if the frame has no
 * whole TCP header, is malformed, or is a fragment. `length` is the frame's
 * length on the wire.
 */
std::optional<Segment> decode(int link_type, Time time, std::string_view frame,
                              std::size_t length);

/* Whether a frame begins a QUIC handshake, whose contents are not read. */
bool is_quic(int link_type, std::string_view frame);

/* A pcap or pcapng capture, from a file or a pipe. */
class Capture {
  public:
    /* Closes `file` at the end. Throws std::runtime_error with the file's
     * name. */
    Capture(std::FILE* file, std::string name);
    ~Capture();
    Capture(const Capture&) = delete;
    Capture& operator=(const Capture&) = delete;

    struct Frame {
        Time time;
        std::string_view bytes; /* valid until the next call of next() */
        std::size_t length = 0;
    };

    /* The next frame; none at the end, even if the capture was cut off. */
    std::optional<Frame> next();

    int link_type() const noexcept;

    /* Why it ended early; empty if it is complete. */
    const std::string& trouble() const noexcept { return trouble_; }

  private:
    std::string name_;
    pcap* pcap_;
    std::string trouble_;
};

}  // namespace debug
