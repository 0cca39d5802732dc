/*
 * The capture filter for tcpdump: pcap-filter(7).
 */

#pragma once

#include "debug/wire/roles.hpp"

#include <string>

namespace debug {

std::string capture_filter(const Roles& roles);

}  // namespace debug
