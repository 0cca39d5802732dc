/*
 * Points in time and durations, with the resolution of captures.
 */

#pragma once

#include <chrono>

namespace debug {

using Microseconds = std::chrono::microseconds;
using Time = std::chrono::sys_time<Microseconds>;

}  // namespace debug
