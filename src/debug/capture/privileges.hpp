/*
 * Who the program runs as.
 */

#pragma once

#include <string>

namespace debug {

/*
 * Becomes `user` for good, if it is root; true: it did. Throws
 * std::runtime_error when it cannot: nothing is read as root then.
 */
bool drop_root(const std::string& user);

}  // namespace debug
