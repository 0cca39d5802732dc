/*
 * Frames as a capture has them, and the TCP segments in them.
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
    std::uint32_t acknowledged = 0; /* with `ack` */
    bool syn = false;
    bool ack = false;
    bool fin = false;
    bool rst = false;
    std::string_view payload{}; /* of the frame */
    std::size_t missing = 0; /* of the payload's end, which was not captured */
};

/* Whether decode() knows frames of this link type (pcap-linktype(7)). */
bool knows_link_type(int link_type) noexcept;

/*
 * The TCP segment in a frame, also where IP is in IP. None: it has no whole
 * one, is malformed, or is a fragment. `length` is the frame's on the wire.
 */
std::optional<Segment> decode(int link_type, Time time, std::string_view frame,
                              std::size_t length);

/* Whether a frame has a handshake of QUIC: what it is about is not read. */
bool is_quic(int link_type, std::string_view frame);

/* A capture, pcap or pcapng, of a file or from a pipe. */
class Capture {
  public:
    /* Closes `file` in the end. Throws std::runtime_error, which has the
     * file's name. */
    Capture(std::FILE* file, std::string name);
    ~Capture();
    Capture(const Capture&) = delete;
    Capture& operator=(const Capture&) = delete;

    struct Frame {
        Time time;
        std::string_view bytes; /* until the next is read */
        std::size_t length = 0;
    };

    /* The next frame; none at the end, also one that was cut off. */
    std::optional<Frame> next();

    int link_type() const noexcept;

    /* Why it ended where it did; empty: it is whole. */
    const std::string& trouble() const noexcept { return trouble_; }

  private:
    std::string name_;
    pcap* pcap_;
    std::string trouble_;
};

}  // namespace debug
