#pragma once

#include <string>
#include <sys/types.h>

namespace support {

// How often `hex` (bytes in hexadecimal, so that looking for them does not put
// them there) is in what a core dump of the process would hold: its private
// writable memory but for what is marked with MADV_DONTDUMP.
std::size_t count_in_core(pid_t pid, const std::string& hex);

// The same in the memory that is so marked.
std::size_t count_hidden(pid_t pid, const std::string& hex);

}  // namespace support
