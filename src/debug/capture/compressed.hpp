/*
 * Files that somebody has compressed: they are told from those that make no
 * sense. Whoever wants one read puts its own program in front of ours.
 */

#pragma once

#include <string>

namespace debug {

/* "zcat", or what else makes an open file legible; empty: it is none of these,
 * or no file that can be looked into. */
std::string decompressor_of(int fd);

/* What to say of one; with `option` it can be read from a pipe. */
std::string how_to_read(const std::string& name, const std::string& program,
                        const std::string& option);

}  // namespace debug
