#pragma once

#include "debug/frames.hpp"
#include "debug/stories/names.hpp"
#include "debug/stories/story.hpp"
#include "debug/tell/summary.hpp"
#include "debug/tls_flights.hpp"
#include "debug/wire/roles.hpp"

#include <string>
#include <vector>

namespace support {

struct Observed {
    std::vector<debug::Story> stories;
    debug::Summary summary;
    std::string trouble;
};

// What the product makes of a capture file.
Observed observe(const std::string& file, const debug::Roles& roles = {},
                 const debug::Names& names = debug::Names());

// The kinds of a story's events, with spaces between.
std::string kinds(const debug::Story& story);

// A handshake as packets, which begins at `begin`: the server answers
// `thinks` after the client's first words.
struct Scene {
    TcpScript tls;
    TcpScript store;

    explicit Scene(bool v6 = false, std::uint16_t client_port = 50122,
                   std::chrono::microseconds begin =
                       std::chrono::microseconds(1'700'000'000'000'000));

    void play(const RecordedHandshake& handshake,
              std::chrono::microseconds thinks = std::chrono::milliseconds(5));
    // At this time after the ClientHello.
    void ask(std::chrono::microseconds at, std::string_view command);
    void answer(std::chrono::microseconds at, std::string_view reply);

    std::vector<Packet> packets() {
        return merged({tls.packets(), store.packets()});
    }

  private:
    std::chrono::microseconds hello_{};
};

// A command as clients write it.
std::string redis_command(const std::vector<std::string>& words);
std::string redis_get(const std::string& key);
std::string redis_hit(std::size_t size);

}  // namespace support
