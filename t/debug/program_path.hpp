#pragma once

#include <string>

namespace support {

// The debug program, which is beside the module.
std::string program();

// For a shell: the repository may live in a directory with blanks or quotes in
// its name.
std::string quoted_program();

}  // namespace support
