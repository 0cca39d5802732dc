#include "debug/capture/child.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <spawn.h>
#include <stdexcept>
#include <sys/wait.h>
#include <system_error>
#include <thread>
#include <unistd.h>

namespace debug {

void Descriptor::reset() noexcept {
    if (fd_ >= 0) {
        close(std::exchange(fd_, -1));
    }
}

Pipe make_pipe() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        throw std::system_error(errno, std::generic_category(), "pipe2");
    }
    return {Descriptor(ends[1]), Descriptor(ends[0])};
}

Child::Child(const std::vector<std::string>& command,
             const std::vector<Redirection>& redirections) {
    std::vector<char*> arguments;
    arguments.reserve(command.size() + 1);
    for (const std::string& word : command) {
        arguments.push_back(const_cast<char*>(word.c_str()));
    }
    arguments.push_back(nullptr);

    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    for (const Redirection& each : redirections) {
        posix_spawn_file_actions_adddup2(&actions, each.fd, each.becomes);
    }
    /* Keeps Ctrl-C from the child: we end it when it is time. */
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    int error = posix_spawnp(&pid_, arguments[0], &actions, &attributes,
                             arguments.data(), environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    if (error != 0) {
        pid_ = -1;
        throw std::runtime_error(command[0] + ": " + std::strerror(error));
    }
}

Child::~Child() {
    wait();
}

void Child::signal(int number) const noexcept {
    if (pid_ > 0) {
        kill(pid_, number);
    }
}

int Child::wait() noexcept {
    int status = 0;
    if (pid_ <= 0) {
        return 0;
    }
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

std::string read_all(int fd) {
    std::string all;
    char buffer[4096];
    for (;;) {
        ssize_t size = read(fd, buffer, sizeof(buffer));
        if (size > 0) {
            all.append(buffer, static_cast<std::size_t>(size));
        } else if (size == 0 || errno != EINTR) {
            return all;
        }
    }
}

Said run(const std::vector<std::string>& command) {
    Pipe output = make_pipe();
    Pipe errors = make_pipe();
    Child child(command, {{output.in.get(), STDOUT_FILENO},
                          {errors.in.get(), STDERR_FILENO}});
    output.in.reset();
    errors.in.reset();

    Said said;
    std::thread other([&] { said.errors = read_all(errors.out.get()); });
    said.output = read_all(output.out.get());
    other.join();
    said.status = child.wait();
    return said;
}

}  // namespace debug
