/*
 * Recognises compressed files, so that the error message can name the program
 * to decompress them with. We do not decompress them ourselves.
 */

#pragma once

#include <cstdio>
#include <string>

namespace debug {

/* The program that decompresses an open file, such as "zcat". Empty if the file
 * is not compressed, or cannot be examined. */
std::string decompressor_of(int fd);

/* The same of what a stream, such as a pipe, is about to give. Leaves it there.
 * Waits for a few bytes. */
std::string decompressor_of(std::FILE* stream);

/* The message for a compressed file, which `option` can read through a pipe. */
std::string how_to_read(const std::string& name, const std::string& program,
                        const std::string& option);

}  // namespace debug
