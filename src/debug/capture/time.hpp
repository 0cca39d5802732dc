/*
 * Points in time and spans as captures have them.
 */

#pragma once

#include <chrono>

namespace debug {

using Microseconds = std::chrono::microseconds;
using Time = std::chrono::sys_time<Microseconds>;

}  // namespace debug
