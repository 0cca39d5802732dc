/*
 * The debug program: see usage in options.cpp, and docs/debug.md.
 */

#include "debug/key_file.hpp"
#include "debug/options.hpp"
#include "debug/program.hpp"
#include "sessions/sealing_key.hpp"
#include "sessions/value.hpp"
#include "version/version.hpp"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>

namespace {

constexpr int usage_status = 2;

void handle_signals() {
    struct sigaction action {};
    action.sa_handler = debug::Program::interrupt;
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
}

/* Prints the identifier that the module's log and status use for a key file. */
void tell_key(const std::string& name) {
    session_cache::SealingKey key(debug::read_key_file(name).view());
    std::printf("%s  %s\n", session_cache::name_of("", key.id()).c_str(),
                name.c_str());
}

/* Prints what needs no capture. Returns whether the options asked for it. */
bool tell(const debug::Options& options) {
    if (options.help) {
        std::fputs(debug::usage, stdout);
    } else if (options.version) {
        std::puts(session_cache::version_name);
    } else if (!options.key_id.empty()) {
        tell_key(options.key_id);
    } else {
        return false;
    }
    return true;
}

}  // namespace

int main(int count, char** arguments) {
    try {
        debug::Options options =
            debug::read_options({arguments, static_cast<std::size_t>(count)});
        if (tell(options)) {
            return EXIT_SUCCESS;
        }
        handle_signals();
        debug::Program(std::move(options)).run();
    } catch (const debug::UsageError& error) {
        std::fprintf(stderr, "debug: %s; see --help\n", error.what());
        return usage_status;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "debug: %s\n", error.what());
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
