/*
 * A child process, with pipes to and from it.
 */

#pragma once

#include <chrono>
#include <string>
#include <sys/types.h>
#include <utility>
#include <vector>

namespace debug {

/* A descriptor that is closed with its owner. */
class Descriptor {
  public:
    explicit Descriptor(int fd = -1) noexcept : fd_(fd) {}
    ~Descriptor() { reset(); }
    Descriptor(Descriptor&& other) noexcept
        : fd_(std::exchange(other.fd_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }

    int get() const noexcept { return fd_; }
    int release() noexcept { return std::exchange(fd_, -1); }
    void reset() noexcept;

  private:
    int fd_;
};

struct Pipe {
    Descriptor in; /* the end to write to */
    Descriptor out;
};

/* Throws std::system_error. Neither end is inherited. */
Pipe make_pipe();

class Child {
  public:
    /* A descriptor that the child gets. */
    struct Redirection {
        int fd;
        int becomes;
    };

    /* Throws std::runtime_error if there is no such program. */
    Child(const std::vector<std::string>& command,
          const std::vector<Redirection>& redirections);
    ~Child();
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    void signal(int number) const noexcept;

    /* Its exit status, as a shell reports it. */
    int wait() noexcept;

  private:
    pid_t pid_ = -1;
};

struct Said {
    int status;
    std::string output;
    std::string errors;
};

/* Runs a program to its end. */
Said run(const std::vector<std::string>& command);

/* Reads a pipe up to its end. */
std::string read_all(int fd);

}  // namespace debug
