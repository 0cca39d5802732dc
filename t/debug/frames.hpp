#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace support {

// How frames begin.
enum class Link {
    ethernet,
    vlan,
    two_vlans,
    cooked,   // tcpdump -i any
    cooked2,  // the same, of newer versions
    null,
    raw,
};

// One end of a TCP connection of the test's own making.
struct Host {
    std::string address;
    std::uint16_t port;
};

// A number on the wire.
std::string big_endian(std::uint32_t value, int bytes);

struct Packet {
    std::chrono::microseconds time;
    std::string ip;          // the IP packet
    std::size_t length = 0;  // on the wire, when that is more
};

// A TCP connection, packet by packet.
class TcpScript {
  public:
    enum class From { client, server };

    // Its SYNs are at once there, unless it is `from_middle`.
    TcpScript(Host client, Host server, std::chrono::microseconds begin,
              bool from_middle = false);

    // In segments of at most `size` bytes; a microsecond goes by for each.
    void say(From from, std::string_view bytes, std::size_t size = 1400);
    void wait(std::chrono::microseconds time) { now_ += time; }
    void close(From from);
    void reset(From from);

    std::vector<Packet>& packets() { return packets_; }
    std::chrono::microseconds now() const { return now_; }

  private:
    void add(From from, unsigned flags, std::string_view payload);

    Host client_;
    Host server_;
    std::chrono::microseconds now_;
    std::uint32_t next_[2];  // sequence numbers
    std::vector<Packet> packets_;
};

// All packets by their time.
std::vector<Packet> merged(const std::vector<std::vector<Packet>>& all);

// The link type as pcap numbers it.
int link_type(Link link);
std::string frame(Link link, const std::string& ip);

// A file as tcpdump -w writes it.
std::string capture_file(Link link, const std::vector<Packet>& packets);

}  // namespace support
