// CPU time of other processes, in nanoseconds.
#pragma once

#include <cstdint>
#include <ctime>
#include <stdexcept>
#include <vector>

#include <sys/types.h>
#include <unistd.h>

// The process' CPU clock counts finer than the jiffies of /proc/PID/stat.
inline int64_t process_cpu_ns(pid_t pid) {
    clockid_t clock{};
    timespec spent{};
    if (clock_getcpuclockid(pid, &clock) != 0 ||
        clock_gettime(clock, &spent) != 0)
        throw std::runtime_error("no such process to measure");
    return int64_t{spent.tv_sec} * 1'000'000'000 + spent.tv_nsec;
}

// All processes of one server.
using Pids = std::vector<pid_t>;

inline int64_t process_cpu_ns(const Pids& pids) {
    int64_t sum = 0;
    for (const pid_t pid : pids)
        sum += process_cpu_ns(pid);
    return sum;
}

// The same once the server has finished what it was given: it is still
// closing connections, or storing sessions, when its last client has left.
// Nothing tells that another process has gone idle, so it is polled.
inline int64_t settled_cpu_ns(const Pids& pids) {
    constexpr useconds_t pause_us = 3000;
    constexpr int patience = 1000;
    int64_t before = process_cpu_ns(pids);
    for (int i = 0; i < patience; ++i) {
        usleep(pause_us);
        const int64_t now = process_cpu_ns(pids);
        if (now == before)
            return now;
        before = now;
    }
    throw std::runtime_error("the server to measure does not go idle");
}
