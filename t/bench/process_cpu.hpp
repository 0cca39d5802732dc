// CPU time of another process, in nanoseconds.
#pragma once

#include <cstdint>
#include <ctime>
#include <stdexcept>

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

// The same once the process has finished what it was given: a server is still
// closing connections, or storing sessions, when its last client has left.
// Nothing tells that another process has gone idle, so it is polled.
inline int64_t settled_cpu_ns(pid_t pid) {
    constexpr useconds_t pause_us = 3000;
    constexpr int patience = 1000;
    int64_t before = process_cpu_ns(pid);
    for (int i = 0; i < patience; ++i) {
        usleep(pause_us);
        const int64_t now = process_cpu_ns(pid);
        if (now == before)
            return now;
        before = now;
    }
    throw std::runtime_error("the process to measure does not go idle");
}
