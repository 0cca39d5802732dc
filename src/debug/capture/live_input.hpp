/*
 * Wraps a pipe with a live capture into a stream for libpcap. A callback runs
 * now and then, whether or not data comes.
 */

#pragma once

#include <chrono>
#include <cstdio>
#include <functional>

namespace debug {

class LiveInput {
  public:
    /* `act` is called ten times a second, and after each signal. Its argument
     * says whether no data waits to be read. The object must outlive the
     * stream. */
    LiveInput(int fd, std::function<void(bool)> act);

    /* The caller closes the stream. Throws std::system_error. */
    std::FILE* open();

  private:
    static long read(void* self, char* buffer, std::size_t size);

    int fd_;
    std::function<void(bool)> act_;
    std::chrono::steady_clock::time_point next_turn_{};
};

}  // namespace debug
