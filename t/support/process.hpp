#pragma once

#include "support/eventually.hpp"
#include "support/unique_fd.hpp"

#include <csignal>
#include <filesystem>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace support {

using Arguments = std::vector<std::string>;

// A child process that outlives neither its owner nor a crashed test run.
class Process {
  public:
    // Standard output and error go to the file `output`. If we crash, it gets
    // `last_signal`.
    Process(const Arguments& arguments, const std::filesystem::path& output,
            int last_signal = SIGKILL);
    // Takes over a child that somebody else has made. It does outlive a crash.
    explicit Process(pid_t child);
    Process(Process&&) noexcept = default;
    Process& operator=(Process&&) = delete;
    ~Process();

    pid_t pid() const { return pid_; }
    void signal(int number) const;
    // Stops it (SIGSTOP) and returns when it stands still.
    void freeze() const;

    // The exit status, or 128 + the number of the signal that ended it. Nothing
    // if it still runs at the deadline.
    std::optional<int> wait(Milliseconds deadline);

    // Sends signal `number`, later SIGKILL, and waits for the end.
    int stop(int number, Milliseconds grace = patience);

  private:
    pid_t pid_ = -1;
    UniqueFd handle_;
    std::optional<int> status_;
};

struct Finished {
    int status;
    std::string output;
};

// Runs a program to its end.
Finished run(const Arguments& arguments, Milliseconds deadline = patience);

// Resources of any of our processes. Duplicates of a descriptor are one socket.
std::size_t open_sockets(pid_t pid);
Milliseconds cpu_time(pid_t pid);

// The user that a process has become for good, or who it still can be.
struct Identity {
    uid_t real;
    uid_t effective;
    uid_t saved;
    std::string groups;  // beside its own

    bool operator==(const Identity&) const = default;
};
Identity identity_of(pid_t pid);

// Processes whose parent is `parent`, with their command lines.
struct Child {
    pid_t pid;
    std::string command;
};
std::vector<Child> children_of(pid_t parent);

}  // namespace support
