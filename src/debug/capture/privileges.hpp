/*
 * The user that the program runs as.
 */

#pragma once

#include <string>

namespace debug {

/*
 * If the program is root, becomes `user` permanently and returns true. Throws
 * std::runtime_error if that fails, so that nothing is read as root.
 */
bool drop_root(const std::string& user);

}  // namespace debug
