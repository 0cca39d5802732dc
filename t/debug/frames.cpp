#include "debug/frames.hpp"

#include <algorithm>
#include <pcap/pcap.h>
#include <tins/ip.h>
#include <tins/ipv6.h>
#include <tins/rawpdu.h>
#include <tins/tcp.h>

namespace support {

namespace {

std::string native(std::uint32_t value) {
    return {reinterpret_cast<const char*>(&value), sizeof value};
}

bool is_v6(const std::string& ip) {
    return (static_cast<unsigned char>(ip.front()) >> 4) == 6;
}

std::string serialized(Tins::PDU&& packet) {
    const auto bytes = packet.serialize();
    return {bytes.begin(), bytes.end()};
}

std::string ip_packet(const Host& from, const Host& to, const Tins::TCP& tcp) {
    return from.address.find(':') != std::string::npos
               ? serialized(Tins::IPv6(to.address, from.address) / tcp)
               : serialized(Tins::IP(to.address, from.address) / tcp);
}

}  // namespace

std::string big_endian(std::uint32_t value, int bytes) {
    std::string text;
    for (int i = bytes - 1; i >= 0; --i) {
        text += static_cast<char>(value >> (8 * i));
    }
    return text;
}

TcpScript::TcpScript(Host client, Host server, std::chrono::microseconds begin,
                     bool from_middle)
    : client_(std::move(client)), server_(std::move(server)), now_(begin),
      // One of them soon wraps around.
      next_{0xfffffff0U + static_cast<std::uint32_t>(begin.count() % 7), 1000} {
    if (!from_middle) {
        add(From::client, Tins::TCP::SYN, {});
        add(From::server, Tins::TCP::SYN | Tins::TCP::ACK, {});
        add(From::client, Tins::TCP::ACK, {});
    }
}

void TcpScript::say(From from, std::string_view bytes, std::size_t size) {
    while (!bytes.empty()) {
        add(from, Tins::TCP::ACK | Tins::TCP::PSH, bytes.substr(0, size));
        bytes.remove_prefix(std::min(size, bytes.size()));
    }
}

void TcpScript::close(From from) {
    add(from, Tins::TCP::ACK | Tins::TCP::FIN, {});
}

void TcpScript::reset(From from) {
    add(from, Tins::TCP::RST, {});
}

void TcpScript::add(From from, unsigned flags, std::string_view payload) {
    const bool client = from == From::client;
    const Host& source = client ? client_ : server_;
    const Host& target = client ? server_ : client_;
    auto& next = next_[client ? 0 : 1];

    Tins::TCP tcp(target.port, source.port);
    tcp.flags(static_cast<Tins::small_uint<12>>(flags));
    tcp.seq(next);
    tcp.ack_seq((flags & Tins::TCP::ACK) != 0 ? next_[client ? 1 : 0] : 0);
    if (!payload.empty()) {
        tcp /= Tins::RawPDU(std::string(payload));
    }
    packets_.push_back({now_, ip_packet(source, target, tcp)});

    next += static_cast<std::uint32_t>(payload.size());
    next += (flags & (Tins::TCP::SYN | Tins::TCP::FIN)) != 0 ? 1 : 0;
    now_ += std::chrono::microseconds(1);
}

std::vector<Packet> merged(const std::vector<std::vector<Packet>>& all) {
    std::vector<Packet> packets;
    for (const auto& each : all) {
        packets.insert(packets.end(), each.begin(), each.end());
    }
    std::stable_sort(
        packets.begin(), packets.end(),
        [](const Packet& a, const Packet& b) { return a.time < b.time; });
    return packets;
}

int link_type(Link link) {
    switch (link) {
    case Link::cooked:
        return DLT_LINUX_SLL;
    case Link::cooked2:
        return DLT_LINUX_SLL2;
    case Link::null:
        return DLT_NULL;
    case Link::raw:
        return DLT_RAW;
    default:
        return DLT_EN10MB;
    }
}

std::string frame(Link link, const std::string& ip) {
    const std::string type = is_v6(ip) ? "\x86\xdd" : std::string("\x08\0", 2);
    const std::string macs(12, '\x02');
    switch (link) {
    case Link::ethernet:
        return macs + type + ip;
    case Link::vlan:
        return macs + std::string("\x81\x00\x00\x2a", 4) + type + ip;
    case Link::two_vlans:
        return macs + std::string("\x88\xa8\x00\x01\x81\x00\x00\x2a", 8) +
               type + ip;
    case Link::cooked:
        return std::string(14, '\0') + type + ip;
    case Link::cooked2:
        return type + std::string(18, '\0') + ip;
    case Link::null:
        return native(is_v6(ip) ? 10 : 2) + ip;
    case Link::raw:
        break;
    }
    return ip;
}

// In the other byte order than most machines have, which pcap allows.
std::string capture_file(Link link, const std::vector<Packet>& packets) {
    std::string file =
        big_endian(0xa1b2c3d4, 4) + big_endian(0x00020004, 4) +
        big_endian(0, 4) + big_endian(0, 4) + big_endian(262144, 4) +
        big_endian(static_cast<std::uint32_t>(link_type(link)), 4);
    for (const auto& packet : packets) {
        const auto bytes = frame(link, packet.ip);
        const auto time = packet.time.count();
        const auto size = static_cast<std::uint32_t>(bytes.size());
        const auto missing =
            packet.length == 0 ? 0 : packet.length - packet.ip.size();
        file += big_endian(static_cast<std::uint32_t>(time / 1'000'000), 4) +
                big_endian(static_cast<std::uint32_t>(time % 1'000'000), 4) +
                big_endian(size, 4) +
                big_endian(size + static_cast<std::uint32_t>(missing), 4) +
                bytes;
    }
    return file;
}

}  // namespace support
