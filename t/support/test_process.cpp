#include "support/test_process.hpp"

#include <csignal>
#include <sys/prctl.h>
#include <sys/resource.h>

namespace support {

namespace {

// Hundreds of suspended handshakes need as many open sockets.
void raise_descriptor_limit() {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

void prepare_process() {
    // Clients of a server that closed its end must see EPIPE, not die.
    std::signal(SIGPIPE, SIG_IGN);
    // Workers whose master is gone become our children and can be found.
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    raise_descriptor_limit();
}

}  // namespace support
