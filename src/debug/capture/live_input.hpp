/*
 * Wraps a pipe with a live capture into a stream for libpcap. While no data
 * comes, a callback runs.
 */

#pragma once

#include <cstdio>
#include <functional>

namespace debug {

class LiveInput {
  public:
    enum class Go { on, stop };

    /*
     * `idle` is called a few times a second, and after each signal. If it
     * returns Go::stop, the stream ends as if the pipe had ended. The object
     * must outlive the stream.
     */
    LiveInput(int fd, std::function<Go()> idle);

    /* The caller closes the stream. Throws std::system_error. */
    std::FILE* open();

  private:
    static long read(void* self, char* buffer, std::size_t size);

    int fd_;
    std::function<Go()> idle_;
};

}  // namespace debug
