#pragma once

#include <string>
#include <sys/types.h>
#include <vector>

namespace soak {

// What a process holds, as the kernel counts it.
struct Figures {
    long resident = 0;   // KiB, with what it shares
    long anonymous = 0;  // KiB of that: its heap and stacks
    long descriptors = 0;
    long mappings = 0;
};

// All zero when the process is gone.
Figures figures_of(pid_t pid);

pid_t parent_of(pid_t pid);

// The figures of one process in the course of a run.
using Course = std::vector<Figures>;

// How anonymous memory has grown from the second quarter of a run to the last;
// empty when it is flat.
std::string growth(const Course& course);

}  // namespace soak
