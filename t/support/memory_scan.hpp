#pragma once

#include <string>
#include <sys/types.h>

namespace support {

// How often `hex` would be in a core dump of the process, that is, in its
// private writable memory without what is marked with MADV_DONTDUMP. The bytes
// are in hexadecimal, so that the search does not put them there.
std::size_t count_in_core(pid_t pid, const std::string& hex);

// The same in the memory that is marked.
std::size_t count_hidden(pid_t pid, const std::string& hex);

}  // namespace support
