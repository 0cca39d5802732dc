#pragma once

#include "simulate/world.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace simulate {

// The result of a run.
struct Outcome {
    std::string what;  // the store, and the kind of run
    std::uint64_t trace = 0;
    std::uint64_t fetches = 0;
    Micros time{0};
    std::vector<std::string> failures;
};

// A few workers and the servers of one store. The seed decides what they are,
// what they do and what goes wrong. First there is trouble. Then all is well,
// and they have to notice. Then they end.
Outcome run(std::uint64_t seed);

}  // namespace simulate
