/*
 * The files of --key and --key-id.
 */

#pragma once

#include "sessions/secret.hpp"

#include <string>

namespace debug {

/* A sealing key's bytes. Throws std::runtime_error when the file cannot be
 * read, or is of another size. */
session_cache::SecretBytes read_key_file(const std::string& name);

}  // namespace debug
