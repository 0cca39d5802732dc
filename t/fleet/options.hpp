#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace fleet {

struct Options {
    std::string store = "cluster";
    bool shared_tickets = true;
    double minutes = 6;
    std::size_t nodes = 12;
    std::size_t clients = 2000;
    double rate = 200;  // visits a second, of all clients together
    unsigned seed = 1;
    std::vector<std::string> script;  // names of events, in order
    std::filesystem::path out = "build/fleet";

    // How many seconds pass, on average, until a client comes back.
    double pause() const { return static_cast<double>(clients) / rate; }

    // For a title: "12 nodes, 2000 clients, ...".
    std::string text() const;
};

// Throws std::invalid_argument, which says what is wrong. Without --script it
// is all of `events`.
Options parse(const std::vector<std::string>& arguments,
              const std::vector<std::string>& events);

}  // namespace fleet
