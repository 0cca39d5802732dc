#pragma once

#include <string>
#include <vector>

namespace support {

// A capture, and the log of the same time, if there is one.
struct WholeScene {
    std::string name;
    std::string options;  // of the program
    std::string capture;
    std::string log{};
};

// One of each kind of handshake, of what a worker asks of each store, and of
// what else may be in a capture.
std::vector<WholeScene> whole_scenes();

}  // namespace support
