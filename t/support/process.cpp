#include "support/process.hpp"

#include "support/files.hpp"

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <poll.h>
#include <set>
#include <sstream>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <system_error>

namespace support {

namespace fs = std::filesystem;

namespace {

// In the child between fork and exec: only system calls.
[[noreturn]] void become(char* const* arguments, int output, int last_signal) {
    prctl(PR_SET_PDEATHSIG, last_signal);
    std::signal(SIGPIPE, SIG_DFL);
    const int input = open("/dev/null", O_RDONLY);
    dup2(input, STDIN_FILENO);
    dup2(output, STDOUT_FILENO);
    dup2(output, STDERR_FILENO);
    execv(arguments[0], arguments);
    _exit(127);
}

UniqueFd open_output(const fs::path& file) {
    const int flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC;
    UniqueFd fd(open(file.c_str(), flags, 0600));
    if (fd.get() < 0) {
        throw std::system_error(errno, std::generic_category(), file.string());
    }
    return fd;
}

// The header that declares pidfd_open() does not compile as C++ everywhere.
UniqueFd open_handle(pid_t pid) {
    return UniqueFd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
}

}  // namespace

Process::Process(const Arguments& arguments, const fs::path& output,
                 int last_signal) {
    std::vector<std::string> copy = arguments;
    copy[0] = find_program(copy[0]);
    std::vector<char*> pointers;
    pointers.reserve(copy.size() + 1);
    for (auto& argument : copy) {
        pointers.push_back(argument.data());
    }
    pointers.push_back(nullptr);

    const auto out = open_output(output);
    pid_ = fork();
    if (pid_ == 0) {
        become(pointers.data(), out.get(), last_signal);
    }
    if (pid_ < 0) {
        throw std::system_error(errno, std::generic_category(), "fork");
    }
    handle_ = open_handle(pid_);
}

Process::Process(pid_t child) : pid_(child), handle_(open_handle(child)) {}

Process::~Process() {
    // A moved-from object has given its handle away.
    if (handle_.get() >= 0 && !status_) {
        kill(pid_, SIGKILL);
        waitpid(pid_, nullptr, 0);
    }
}

void Process::signal(int number) const {
    if (!status_) {
        kill(pid_, number);
    }
}

void Process::freeze() const {
    signal(SIGSTOP);
    siginfo_t stopped{};
    waitid(P_PID, static_cast<id_t>(pid_), &stopped, WSTOPPED);
}

std::optional<int> Process::wait(Milliseconds deadline) {
    const auto end = Clock::now() + deadline;
    while (!status_) {
        pollfd exited{handle_.get(), POLLIN, 0};
        if (poll(&exited, 1, poll_timeout(end)) == 0) {
            return std::nullopt;
        }
        int status = 0;
        if (waitpid(pid_, &status, WNOHANG) == pid_) {
            status_ = WIFEXITED(status) ? WEXITSTATUS(status)
                                        : 128 + WTERMSIG(status);
        }
    }
    return status_;
}

int Process::stop(int number, Milliseconds grace) {
    signal(number);
    if (!wait(grace)) {
        signal(SIGKILL);
    }
    return wait(patience).value();
}

Finished run(const Arguments& arguments, Milliseconds deadline) {
    const TempDir dir;
    const auto output = dir.path() / "output";
    Process process(arguments, output);
    const auto status = process.wait(deadline);
    if (!status) {
        throw std::runtime_error(arguments[0] + " does not end:\n" +
                                 read_file(output));
    }
    return {*status, read_file(output)};
}

namespace {

// The fields of /proc/PID/stat from the third on. The second is a name that may
// contain anything. Empty if the process is gone.
std::istringstream stat_fields(pid_t pid) {
    const auto stat = read_file("/proc/" + std::to_string(pid) + "/stat");
    const auto name_end = stat.rfind(')');
    return std::istringstream(
        name_end == std::string::npos ? "" : stat.substr(name_end + 1));
}

}  // namespace

std::size_t open_sockets(pid_t pid) {
    std::set<std::string> sockets;
    const auto dir = "/proc/" + std::to_string(pid) + "/fd";
    for (const auto& entry : fs::directory_iterator(dir)) {
        std::error_code gone;
        const auto target = fs::read_symlink(entry, gone).string();
        if (target.starts_with("socket:")) {
            sockets.insert(target);
        }
    }
    return sockets.size();
}

Milliseconds cpu_time(pid_t pid) {
    auto fields = stat_fields(pid);
    std::string skipped;
    for (int i = 3; i < 14; ++i) {
        fields >> skipped;
    }
    long user = 0, system = 0;
    fields >> user >> system;
    return Milliseconds{(user + system) * 1000 / sysconf(_SC_CLK_TCK)};
}

Identity identity_of(pid_t pid) {
    Identity identity{};
    std::istringstream status(
        read_file("/proc/" + std::to_string(pid) + "/status"));
    for (std::string line; std::getline(status, line);) {
        std::istringstream words(line);
        std::string name;
        words >> name;
        if (name == "Uid:") {
            words >> identity.real >> identity.effective >> identity.saved;
        } else if (name == "Groups:") {
            std::getline(words >> std::ws, identity.groups);
        }
    }
    return identity;
}

std::vector<Child> children_of(pid_t parent) {
    std::vector<Child> children;
    for (const auto& entry : fs::directory_iterator("/proc")) {
        const auto name = entry.path().filename().string();
        if (name.find_first_not_of("0123456789") != std::string::npos) {
            continue;
        }
        const auto pid = static_cast<pid_t>(std::stol(name));
        char state = 0;
        pid_t its_parent = 0;
        if (stat_fields(pid) >> state >> its_parent && state != 'Z' &&
            its_parent == parent) {
            children.push_back({pid, read_file(entry.path() / "cmdline")});
        }
    }
    return children;
}

}  // namespace support
