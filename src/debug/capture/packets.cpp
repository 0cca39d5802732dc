#include "debug/capture/packets.hpp"
#include "debug/capture/cursor.hpp"

#include <algorithm>
#include <pcap/pcap.h>
#include <stdexcept>
#include <tins/exceptions.h>
#include <tins/ip.h>
#include <tins/ipv6.h>
#include <tins/rawpdu.h>
#include <tins/tcp.h>

namespace debug {

namespace {

constexpr unsigned ethertype_ipv4 = 0x0800;
constexpr unsigned ethertype_ipv6 = 0x86dd;
constexpr unsigned ethertype_vlan = 0x8100;
constexpr unsigned ethertype_qinq = 0x88a8;
constexpr unsigned ethertype_qinq_old = 0x9100;

/* Leaves what follows the VLAN tags, if that is IP. */
std::string_view strip_tags(unsigned ethertype, Cursor frame) {
    while (ethertype == ethertype_vlan || ethertype == ethertype_qinq ||
           ethertype == ethertype_qinq_old) {
        frame.take(2);
        ethertype = frame.number(2);
    }
    bool is_ip = ethertype == ethertype_ipv4 || ethertype == ethertype_ipv6;
    return is_ip ? frame.take(frame.left()) : std::string_view();
}

/*
 * The IP packet in a frame; libtins knows neither what `tcpdump -i any`
 * writes (LINUX_SLL2) nor links without a header.
 */
std::string_view strip_link(int link_type, std::string_view bytes) {
    Cursor frame(bytes);

    switch (link_type) {
    case DLT_EN10MB:
        frame.take(12);
        return strip_tags(frame.number(2), frame);
    case DLT_LINUX_SLL:
        frame.take(14);
        return strip_tags(frame.number(2), frame);
    case DLT_LINUX_SLL2: {
        unsigned ethertype = frame.number(2);
        frame.take(18);
        return strip_tags(ethertype, frame);
    }
    case DLT_NULL:
    case DLT_LOOP:
        /* The address family, of whatever system and byte order. */
        frame.take(4);
        return frame.take(frame.left());
    default:
        return bytes;
    }
}

void set_address(Endpoint& endpoint, std::uint32_t address) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(&address);
    std::copy_n(bytes, sizeof(address), endpoint.address.begin());
}

void set_address(Endpoint& endpoint, const Tins::IPv6Address& address) {
    endpoint.v6 = true;
    std::copy(address.begin(), address.end(), endpoint.address.begin());
}

template <class Packet>
void set_addresses(Segment& segment, const Packet& packet) {
    set_address(segment.from, packet.src_addr());
    set_address(segment.to, packet.dst_addr());
}

/* The IP packet's own length; 0: it has none, as segmentation offload does. */
std::size_t length_of(std::string_view packet, bool v6) {
    Cursor cursor(packet);
    cursor.take(v6 ? 4 : 2);
    std::size_t length = cursor.number(2);
    return v6 && length != 0 ? length + 40 : length;
}

void set_tcp(Segment& segment, const Tins::TCP& tcp) {
    segment.from.port = tcp.sport();
    segment.to.port = tcp.dport();
    segment.sequence = tcp.seq();
    segment.acknowledged = tcp.ack_seq();
    segment.syn = (tcp.flags() & Tins::TCP::SYN) != 0;
    segment.ack = (tcp.flags() & Tins::TCP::ACK) != 0;
    segment.fin = (tcp.flags() & Tins::TCP::FIN) != 0;
    segment.rst = (tcp.flags() & Tins::TCP::RST) != 0;
    if (const auto* raw = tcp.find_pdu<Tins::RawPDU>()) {
        segment.payload.assign(raw->payload().begin(), raw->payload().end());
    }
}

template <class Packet>
std::optional<Segment> read_packet(std::string_view bytes) {
    Packet packet(reinterpret_cast<const std::uint8_t*>(bytes.data()),
                  static_cast<std::uint32_t>(bytes.size()));
    const auto* tcp = packet.template find_pdu<Tins::TCP>();

    if (tcp == nullptr) {
        return std::nullopt;
    }
    Segment segment;
    set_addresses(segment, packet);
    set_tcp(segment, *tcp);
    return segment;
}

}  // namespace

bool knows_link_type(int link_type) noexcept {
    switch (link_type) {
    case DLT_EN10MB:
    case DLT_LINUX_SLL:
    case DLT_LINUX_SLL2:
    case DLT_NULL:
    case DLT_LOOP:
    case DLT_RAW:
    case DLT_IPV4:
    case DLT_IPV6:
        return true;
    default:
        return false;
    }
}

std::optional<Segment> decode(int link_type, Time time, std::string_view frame,
                              std::size_t length) {
    std::string_view packet = strip_link(link_type, frame);
    if (packet.empty()) {
        return std::nullopt;
    }

    unsigned version = static_cast<unsigned char>(packet.front()) >> 4;
    if (version != 4 && version != 6) {
        return std::nullopt;
    }

    try {
        std::optional<Segment> segment = version == 6
                                             ? read_packet<Tins::IPv6>(packet)
                                             : read_packet<Tins::IP>(packet);
        if (segment) {
            segment->time = time;
            std::size_t captured = packet.size();
            std::size_t whole = length_of(packet, version == 6);
            if (whole == 0) {
                whole = captured + (length - std::min(length, frame.size()));
            }
            segment->missing = whole - std::min(whole, captured);
        }
        return segment;
    } catch (const Tins::exception_base&) {
        return std::nullopt;
    }
}

Capture::Capture(std::FILE* file) {
    char error[PCAP_ERRBUF_SIZE] = "";

    pcap_ = pcap_fopen_offline(file, error);
    if (pcap_ == nullptr) {
        std::fclose(file);
        throw std::runtime_error(error);
    }
    if (!knows_link_type(link_type())) {
        const char* name = pcap_datalink_val_to_name(link_type());
        std::string shown =
            name != nullptr ? name : std::to_string(link_type());
        pcap_close(pcap_);
        throw std::runtime_error("frames of link type " + shown +
                                 " are not known");
    }
}

Capture::~Capture() {
    pcap_close(pcap_);
}

std::optional<Capture::Frame> Capture::next() {
    pcap_pkthdr* header = nullptr;
    const unsigned char* bytes = nullptr;

    int result = pcap_next_ex(pcap_, &header, &bytes);
    if (result != 1) {
        if (result == PCAP_ERROR) {
            trouble_ = pcap_geterr(pcap_);
        }
        return std::nullopt;
    }

    Frame frame;
    frame.time = Time(std::chrono::seconds(header->ts.tv_sec) +
                      Microseconds(header->ts.tv_usec));
    frame.bytes = {reinterpret_cast<const char*>(bytes), header->caplen};
    frame.length = header->len;
    return frame;
}

int Capture::link_type() const noexcept {
    return pcap_datalink(pcap_);
}

}  // namespace debug
