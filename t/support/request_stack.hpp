#pragma once

#include "support/files.hpp"
#include "support/unique_fd.hpp"

#include <filesystem>
#include <string>
#include <sys/types.h>

namespace support {

// Finds out on which stack a worker handles requests. Its access log is a full
// pipe. So each request stops when it is logged, which is below everything that
// handled it.
class RequestStack {
  public:
    RequestStack();

    // For access_log.
    const std::string& log() const { return log_; }

    // Waits until `worker` stops in a request, and lets it go on. Returns
    // whether it was on the stack that the kernel gave to the process.
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
