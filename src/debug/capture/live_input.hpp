/*
 * A pipe with a capture that is being made, as a stream for libpcap. While
 * nothing comes, others get their turn.
 */

#pragma once

#include <cstdio>
#include <functional>

namespace debug {

class LiveInput {
  public:
    enum class Go { on, stop };

    /*
     * `idle` is called a few times a second, and whenever a signal has come;
     * with Go::stop the stream ends as if the pipe had. It must outlive
     * the stream.
     */
    LiveInput(int fd, std::function<Go()> idle);

    /* To be closed by whoever reads it. Throws std::system_error. */
    std::FILE* open();

  private:
    static long read(void* self, char* buffer, std::size_t size);

    int fd_;
    std::function<Go()> idle_;
};

}  // namespace debug
