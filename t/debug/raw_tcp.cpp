#include "debug/raw_tcp.hpp"

#include "debug/frames.hpp"

namespace support {

namespace {

constexpr std::uint32_t network = 10U << 24;
constexpr std::uint32_t server_address = 1;

std::string block(std::string_view body, int width) {
    return big_endian(static_cast<std::uint32_t>(body.size()), width) +
           std::string(body);
}

std::string segment(std::uint16_t from, std::uint16_t to,
                    std::uint32_t sequence, std::uint32_t acknowledged,
                    unsigned flags, std::string_view bytes) {
    return big_endian(from, 2) + big_endian(to, 2) + big_endian(sequence, 4) +
           big_endian(acknowledged, 4) + big_endian(0x5000 | flags, 2) +
           big_endian(65535, 2) + big_endian(0, 4) + std::string(bytes);
}

}  // namespace

std::string ipv4(std::uint32_t from, std::uint32_t to, unsigned protocol,
                 std::string_view body) {
    const auto size = static_cast<std::uint32_t>(20 + body.size());
    return big_endian(0x4500, 2) + big_endian(size, 2) + big_endian(0, 4) +
           big_endian(64 << 8 | protocol, 2) + big_endian(0, 2) +
           big_endian(network | from, 4) + big_endian(network | to, 4) +
           std::string(body);
}

RawTcp::RawTcp(std::uint32_t client, std::uint16_t client_port,
               std::uint16_t server_port)
    : client_(client), client_port_(client_port), server_port_(server_port) {}

std::string RawTcp::client(unsigned flags, std::string_view bytes,
                           std::uint32_t counts) {
    auto packet =
        ipv4(client_, server_address, 6,
             segment(client_port_, server_port_, said_,
                     (flags & ack) != 0 ? answered_ : 0, flags, bytes));
    said_ += static_cast<std::uint32_t>(bytes.size()) + counts;
    return packet;
}

std::string RawTcp::server(unsigned flags, std::string_view bytes,
                           std::uint32_t counts) {
    auto packet = ipv4(
        server_address, client_, 6,
        segment(server_port_, client_port_, answered_, said_, flags, bytes));
    answered_ += static_cast<std::uint32_t>(bytes.size()) + counts;
    return packet;
}

std::string RawTcp::ahead(std::uint32_t by, std::string_view bytes) const {
    return ipv4(
        client_, server_address, 6,
        segment(client_port_, server_port_, said_ + by, answered_, ack, bytes));
}

std::string extension(unsigned type, std::string_view body) {
    return big_endian(type, 2) + block(body, 2);
}

std::string server_name(std::string_view name) {
    return extension(0, block('\0' + block(name, 2), 2));
}

std::string identities(const std::vector<std::string>& all) {
    std::string list;
    for (const auto& each : all) {
        list += block(each, 2) + big_endian(0, 4);
    }
    return extension(41,
                     block(list, 2) + block(block(std::string(32, 'b'), 1), 2));
}

std::string tls13_offered() {
    return extension(43, block(big_endian(0x0304, 2), 1));
}

std::string tls13_chosen() {
    return extension(43, big_endian(0x0304, 2));
}

std::string chosen_identity(unsigned place) {
    return extension(41, big_endian(place, 2));
}

std::string record(unsigned type, std::string_view body) {
    return big_endian(type << 16 | 0x0303, 3) + block(body, 2);
}

std::string message(unsigned type, std::string_view body) {
    return big_endian(type, 1) + block(body, 3);
}

std::string client_hello(const Hello& hello) {
    return record(22, message(1, big_endian(0x0303, 2) + std::string(32, 'r') +
                                     block(hello.id, 1) +
                                     block(big_endian(0x1301, 2), 2) +
                                     block(std::string(1, '\0'), 1) +
                                     block(hello.extensions, 2)));
}

std::string server_hello(const Hello& hello) {
    const std::string retry =
        "\xcf\x21\xad\x74\xe5\x9a\x61\x11\xbe\x1d\x8c\x02\x1e\x65\xb8\x91"
        "\xc2\xa2\x11\x16\x7a\xbb\x8c\x5e\x07\x9e\x09\xe2\xc8\xa8\x33\x9c";
    return record(
        22, message(2, big_endian(0x0303, 2) +
                           (hello.retry ? retry : std::string(32, 's')) +
                           block(hello.id, 1) + big_endian(0x1301, 2) +
                           big_endian(0, 1) + block(hello.extensions, 2)));
}

}  // namespace support
