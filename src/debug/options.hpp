/*
 * The command line.
 */

#pragma once

#include "debug/wire/roles.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace debug {

/* An error in the command line. */
struct UsageError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

struct Options {
    bool help = false;
    bool version = false;
    std::string key_id; /* the file of --key-id */
    bool demo = false;
    std::string demo_store = "redis";
    std::string file;      /* -r */
    std::string interface; /* -i */
    std::string conf;      /* an nginx.conf */
    Roles roles;
    std::vector<std::string> keys; /* files */
    std::string error_log;
    std::string html;
    bool json = false;
    bool full_ids = false;
    std::optional<bool> colours; /* none: if it is a terminal */
    std::optional<std::chrono::seconds> seconds;
    std::uint64_t count = 0; /* handshakes; 0: no limit */
    std::string user = "nobody";
};

/* Throws UsageError. */
Options read_options(std::span<char*> arguments);

extern const char usage[];

}  // namespace debug
