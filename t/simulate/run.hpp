#pragma once

#include "simulate/world.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace simulate {

// What became of a run.
struct Outcome {
    std::string what;  // of which store, and for what
    std::uint64_t trace = 0;
    std::uint64_t fetches = 0;
    Micros time{0};
    std::vector<std::string> failures;
};

// A few workers and the servers of one store: what they are, what they do and
// what goes wrong is the seed's. First there is trouble; then all is well, and
// they have to notice; then they end.
Outcome run(std::uint64_t seed);

}  // namespace simulate
