/*
 * The files of --key and --key-id.
 */

#pragma once

#include "sessions/secret.hpp"

#include <string>

namespace debug {

/* The bytes of a sealing key. Throws std::runtime_error if the file cannot be
 * read, or has a wrong size. */
session_cache::SecretBytes read_key_file(const std::string& name);

}  // namespace debug
