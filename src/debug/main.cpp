/*
 * The debug program: see usage in options.cpp, and docs/debug.md.
 */

#include "debug/options.hpp"
#include "debug/program.hpp"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>

namespace {

constexpr int usage_status = 2;

void handle_signals() {
    struct sigaction action {};
    action.sa_handler = debug::Program::interrupt;
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
}

}  // namespace

int main(int count, char** arguments) {
    try {
        debug::Options options =
            debug::read_options({arguments, static_cast<std::size_t>(count)});
        if (options.help) {
            std::fputs(debug::usage, stdout);
            return EXIT_SUCCESS;
        }
        handle_signals();
        debug::Program(std::move(options)).run();
    } catch (const debug::UsageError& error) {
        std::fprintf(stderr, "debug: %s\n%s", error.what(), debug::usage);
        return usage_status;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "debug: %s\n", error.what());
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
