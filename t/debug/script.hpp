#pragma once

#include "debug/observed.hpp"
#include "debug/raw_tcp.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace support {

// Packets one after another, ten microseconds apart.
class Script {
  public:
    void add(const std::string& packet) {
        now_ += std::chrono::microseconds(10);
        packets_.push_back({now_, packet});
    }
    void wait(std::chrono::microseconds time) { now_ += time; }
    std::chrono::microseconds& now() { return now_; }

    // As tcpdump -w writes it.
    std::string file() const { return capture_file(Link::raw, packets_); }
    Observed observe(const debug::Roles& roles = {},
                     const debug::Names& names = debug::Names()) const;
    // Of which there is one story.
    debug::Story only(const debug::Roles& roles = {}) const;

  private:
    std::chrono::microseconds now_{1'700'000'000'000'000};
    std::vector<Packet> packets_;
};

// Sessions by number, below ten, and their keys in the store.
std::string id(int n);
std::string key(int n);

// A client offers a session, which a worker looks up, on new connections.
void look_up(Script& script, RawTcp& store, RawTcp& tcp, int n,
             const std::string& reply);

// What ends one side's part of a handshake of TLS 1.2.
std::string finished();

// The rest of one, which resumes the offered session or not.
void end12(Script& script, RawTcp& tcp, int n, bool resumed);

bool has_note(const debug::Story& story, const std::string& part);

// Replies of Redis.
inline const std::string hit = "$3\r\nabc\r\n";
inline const std::string miss = "$-1\r\n";

}  // namespace support
