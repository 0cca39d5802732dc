#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace support {

// Packets without links, made in no time: for very many of them.
class RawTcp {
  public:
    enum Flag : unsigned { fin = 1, syn = 2, rst = 4, ack = 16 };

    // IPv4, from 10.x.x.x, where `client` is the rest, to 10.0.0.1.
    RawTcp(std::uint32_t client, std::uint16_t client_port,
           std::uint16_t server_port);

    std::string open() { return client(syn, {}, 1); }
    std::string say(std::string_view bytes) { return client(ack, bytes); }
    std::string answer(std::string_view bytes) { return server(ack, bytes); }
    std::string close(std::string_view last = {}) {
        return client(fin | ack, last, 1);
    }
    std::string close_server() { return server(fin | ack, {}, 1); }
    std::string acknowledge() { return client(ack, {}); }

    // The client's bytes so far behind those that are to come.
    std::string ahead(std::uint32_t by, std::string_view bytes) const;

  private:
    std::string client(unsigned flags, std::string_view bytes,
                       std::uint32_t counts = 0);
    std::string server(unsigned flags, std::string_view bytes,
                       std::uint32_t counts = 0);

    std::uint32_t client_;
    std::uint16_t client_port_;
    std::uint16_t server_port_;
    std::uint32_t said_ = 1000;
    std::uint32_t answered_ = 5000;
};

// An IPv4 packet, from and to 10.x.x.x.
std::string ipv4(std::uint32_t from, std::uint32_t to, unsigned protocol,
                 std::string_view body);

// Hellos, as small as they may be.
struct Hello {
    std::string id{};  // session ID
    std::string extensions{};
    bool retry = false;  // of a server: a HelloRetryRequest
};
std::string extension(unsigned type, std::string_view body);
std::string server_name(std::string_view name);
std::string identities(const std::vector<std::string>& all);
std::string tls13_offered();
std::string tls13_chosen();
std::string chosen_identity(unsigned place);
std::string client_hello(const Hello& hello);
std::string server_hello(const Hello& hello);
std::string record(unsigned type, std::string_view body);
std::string message(unsigned type, std::string_view body);

}  // namespace support
