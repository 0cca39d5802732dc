#include "debug/capture/packets.hpp"
#include "debug/capture/compressed.hpp"
#include "debug/capture/cursor.hpp"

#include <algorithm>
#include <pcap/pcap.h>
#include <stdexcept>
#include <utility>

namespace debug {

namespace {

constexpr unsigned ethertype_ipv4 = 0x0800;
constexpr unsigned ethertype_ipv6 = 0x86dd;
constexpr unsigned ethertype_vlan = 0x8100;
constexpr unsigned ethertype_qinq = 0x88a8;
constexpr unsigned ethertype_qinq_old = 0x9100;

/* Returns what follows the VLAN tags, if it is IP. */
std::string_view strip_tags(unsigned ethertype, Cursor frame) {
    while (ethertype == ethertype_vlan || ethertype == ethertype_qinq ||
           ethertype == ethertype_qinq_old) {
        frame.take(2);
        ethertype = frame.number(2);
    }
    bool is_ip = ethertype == ethertype_ipv4 || ethertype == ethertype_ipv6;
    return is_ip ? frame.take(frame.left()) : std::string_view();
}

/* The IP packet in a frame. */
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
        /* The address family, which depends on system and byte order. */
        frame.take(4);
        return frame.take(frame.left());
    default:
        return bytes;
    }
}

/* IANA's protocol numbers in IP packets. */
enum Protocol : unsigned {
    hop_by_hop = 0,
    ipv4_inside = 4,
    tcp_inside = 6,
    udp_inside = 17,
    ipv6_inside = 41,
    routing = 43,
    fragment = 44,
    authentication = 51,
    destination = 60,
};

/* Limits nested IP and IPv6 extension headers. */
constexpr int most_headers = 16;

constexpr std::size_t ipv6_head = 40;

/* The part of a packet that is still to be read. */
struct Layer {
    unsigned protocol = 0;
    std::string_view bytes;  /* the captured ones */
    std::size_t missing = 0; /* bytes at the end */
};

Endpoint endpoint_of(std::string_view address) {
    Endpoint endpoint;
    endpoint.v6 = address.size() == endpoint.address.size();
    std::copy(address.begin(), address.end(), endpoint.address.begin());
    return endpoint;
}

/* The layer after `head` bytes of a packet that is `whole` bytes long. */
std::optional<Layer> behind(const Layer& layer, std::size_t head,
                            std::size_t whole, unsigned protocol) {
    std::size_t captured = std::min(whole, layer.bytes.size());
    if (head > captured) {
        return std::nullopt;
    }
    return Layer{protocol, layer.bytes.substr(head, captured - head),
                 whole - captured};
}

/* RFC 791. None if it is malformed, or a fragment. */
std::optional<Layer> read_ipv4(Segment& segment, const Layer& layer) {
    Cursor cursor(layer.bytes);
    std::size_t head = (cursor.number(1) & 0xf) * 4;
    cursor.take(1);
    std::size_t whole = cursor.number(2);
    cursor.take(2);
    unsigned fragments = cursor.number(2) & 0x3fff;
    cursor.take(1);
    unsigned protocol = cursor.number(1);
    cursor.take(2);
    segment.from = endpoint_of(cursor.take(4));
    segment.to = endpoint_of(cursor.take(4));

    if (cursor.failed() || head < 20 || fragments != 0) {
        return std::nullopt;
    }
    if (whole == 0) { /* as segmentation offload writes it */
        whole = layer.bytes.size() + layer.missing;
    }
    return behind(layer, head, whole, protocol);
}

/* RFC 8200. */
std::optional<Layer> read_ipv6(Segment& segment, const Layer& layer) {
    Cursor cursor(layer.bytes);
    cursor.take(4);
    std::size_t whole = cursor.number(2);
    unsigned protocol = cursor.number(1);
    cursor.take(1);
    segment.from = endpoint_of(cursor.take(16));
    segment.to = endpoint_of(cursor.take(16));

    if (cursor.failed()) {
        return std::nullopt;
    }
    whole = whole == 0 ? layer.bytes.size() + layer.missing : whole + ipv6_head;
    return behind(layer, ipv6_head, whole, protocol);
}

std::optional<Layer> read_ip(Segment& segment, const Layer& layer) {
    unsigned first =
        layer.bytes.empty() ? 0 : static_cast<unsigned char>(layer.bytes[0]);
    switch (first >> 4) {
    case 4:
        return read_ipv4(segment, layer);
    case 6:
        return read_ipv6(segment, layer);
    default:
        return std::nullopt;
    }
}

/* An IPv6 extension header. An atomic fragment (RFC 6946) is the whole packet,
 * so it does not count as a fragment. */
std::optional<Layer> read_extension(const Layer& layer) {
    Cursor cursor(layer.bytes);
    unsigned next = cursor.number(1);
    std::size_t length = cursor.number(1);
    unsigned fragments = cursor.number(2) & ~6U;
    std::size_t head = (length + 1) * 8;

    if (layer.protocol == fragment) {
        head = 8;
        if (fragments != 0) {
            return std::nullopt;
        }
    } else if (layer.protocol == authentication) {
        head = (length + 2) * 4;
    }
    return cursor.failed()
               ? std::nullopt
               : behind(layer, head, layer.bytes.size() + layer.missing, next);
}

/* RFC 9293. */
bool read_tcp(Segment& segment, const Layer& layer) {
    enum Flag : unsigned { fin = 1, syn = 2, rst = 4, ack = 16 };
    Cursor cursor(layer.bytes);

    segment.from.port = static_cast<std::uint16_t>(cursor.number(2));
    segment.to.port = static_cast<std::uint16_t>(cursor.number(2));
    segment.sequence = cursor.number(4);
    segment.acknowledged = cursor.number(4);
    std::size_t head = (cursor.number(1) >> 4) * 4;
    unsigned flags = cursor.number(1);
    if (cursor.failed() || head < 20 || head > layer.bytes.size()) {
        return false;
    }
    segment.syn = (flags & syn) != 0;
    segment.ack = (flags & ack) != 0;
    segment.fin = (flags & fin) != 0;
    segment.rst = (flags & rst) != 0;
    segment.payload = layer.bytes.substr(head);
    segment.missing = layer.missing;
    return true;
}

/* Descends to TCP or UDP. The innermost addresses count, because they are the
 * connection's own. */
std::optional<Layer> innermost(Segment& segment, Layer layer) {
    for (int i = 0; i < most_headers; ++i) {
        std::optional<Layer> next;
        switch (layer.protocol) {
        case ipv4_inside:
        case ipv6_inside:
            next = read_ip(segment, layer);
            break;
        case hop_by_hop:
        case routing:
        case fragment:
        case authentication:
        case destination:
            next = read_extension(layer);
            break;
        default:
            return layer;
        }
        if (!next) {
            return std::nullopt;
        }
        layer = *next;
    }
    return std::nullopt;
}

/* The latest accepted time, in the year 2255. A file may claim any. */
constexpr std::int64_t last_second = 9'000'000'000;

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
    Segment segment{.time = time, .from = {}, .to = {}};
    std::size_t missing = length - std::min(length, frame.size());
    auto layer = innermost(segment, {ipv4_inside, packet, missing});
    bool is_tcp = layer && layer->protocol == tcp_inside;
    return is_tcp && read_tcp(segment, *layer) ? std::optional(segment)
                                               : std::nullopt;
}

/* RFC 9000, 17.2.2, and RFC 9369: an Initial packet. */
bool is_quic(int link_type, std::string_view frame) {
    constexpr std::uint32_t version1 = 1;
    constexpr std::uint32_t version2 = 0x6b3343cf;
    Segment segment{.time = {}, .from = {}, .to = {}};
    auto layer =
        innermost(segment, {ipv4_inside, strip_link(link_type, frame)});

    if (!layer || layer->protocol != udp_inside) {
        return false;
    }
    Cursor cursor(layer->bytes);
    cursor.take(8); /* UDP's header */
    unsigned kind = cursor.number(1) & 0xf0;
    std::uint32_t version = cursor.number(4);
    return !cursor.failed() && ((version == version1 && kind == 0xc0) ||
                                (version == version2 && kind == 0xd0));
}

Capture::Capture(std::FILE* file, std::string name) : name_(std::move(name)) {
    char error[PCAP_ERRBUF_SIZE] = "";
    std::string program = decompressor_of(file);

    pcap_ = pcap_fopen_offline(file, error);
    if (pcap_ == nullptr) {
        std::fclose(file);
        throw std::runtime_error(program.empty()
                                     ? name_ + ": " + error
                                     : how_to_read(name_, program, "-r"));
    }
    if (!knows_link_type(link_type())) {
        const char* known = pcap_datalink_val_to_name(link_type());
        std::string shown =
            known != nullptr ? known : std::to_string(link_type());
        pcap_close(pcap_);
        throw std::runtime_error(name_ + ": frames of link type " + shown +
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
            trouble_ = name_ + ": " + pcap_geterr(pcap_);
        }
        return std::nullopt;
    }

    Frame frame;
    frame.time = Time(
        std::chrono::seconds(
            std::clamp<std::int64_t>(header->ts.tv_sec, 0, last_second)) +
        Microseconds(std::clamp<std::int64_t>(header->ts.tv_usec, 0, 999'999)));
    frame.bytes = {reinterpret_cast<const char*>(bytes), header->caplen};
    frame.length = header->len;
    return frame;
}

int Capture::link_type() const noexcept {
    return pcap_datalink(pcap_);
}

}  // namespace debug
