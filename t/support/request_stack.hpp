#pragma once

#include "support/files.hpp"
#include "support/unique_fd.hpp"

#include <filesystem>
#include <string>
#include <sys/types.h>

namespace support {

// Tells on which stack a worker handles requests: its access log is a pipe
// that is full, so each request stops where it is logged, at the bottom of
// all that handled it.
class RequestStack {
  public:
    RequestStack();

    // For access_log.
    const std::string& log() const { return log_; }

    // Waits until `worker` stops in a request, and lets it go on: whether it
    // was on the stack that the kernel gave to the process.
    bool is_own(pid_t worker);

  private:
    bool stopped(pid_t worker, unsigned long& stack_pointer) const;
    void fill();
    // Whether there was a line.
    bool drain();

    TempDir dir_;
    std::string log_;
    UniqueFd pipe_;
};

}  // namespace support
