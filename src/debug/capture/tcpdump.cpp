#include "debug/capture/tcpdump.hpp"
#include "numbers/number.hpp"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <stdexcept>
#include <string_view>
#include <unistd.h>

namespace debug {

namespace {

/* KiB that the kernel buffers if we are slow. */
constexpr const char* kernel_buffer = "16384";

/* How many bytes of its messages are kept. */
constexpr std::size_t most_said = 16 * 1024;

std::vector<std::string> command(const std::string& interface,
                                 const std::string& filter,
                                 const std::string& user) {
    std::vector<std::string> words{"tcpdump",     "-i", interface, "-n",
                                   "-s",          "0",  "-U",      "-B",
                                   kernel_buffer, "-w", "-"};
    if (geteuid() == 0) {
        words.insert(words.end(), {"-Z", user});
    }
    words.push_back(filter);
    return words;
}

[[noreturn]] void fail(const std::string& said) {
    std::string why = said.empty() ? "it ended at once" : said;
    while (!why.empty() && why.back() == '\n') {
        why.pop_back();
    }
    bool forbidden = why.find("ermission") != std::string::npos ||
                     why.find("not permitted") != std::string::npos;
    std::string help;
    if (forbidden && geteuid() != 0) {
        help = "\nCapturing needs root: use sudo. To read a capture that "
               "was made elsewhere (tcpdump -w FILE), use -r FILE.";
    } else if (forbidden) {
        help = "\nThis machine does not let even root capture: a container "
               "needs the capability NET_RAW (--cap-add NET_RAW). A capture "
               "that was made outside (tcpdump -w FILE) is read with -r "
               "FILE.";
    }
    throw std::runtime_error("tcpdump cannot capture: " + why + help);
}

}  // namespace

std::optional<std::uint64_t> read_dropped(const std::string& said) {
    std::size_t at = said.rfind(" packets dropped by kernel");
    if (at == std::string::npos) {
        at = said.rfind(" packet dropped by kernel");
    }
    if (at == std::string::npos) {
        return std::nullopt;
    }
    std::string_view before = std::string_view(said).substr(0, at);
    std::size_t begin = before.find_last_not_of("0123456789") + 1;
    return numbers::read<std::uint64_t>(before.substr(begin));
}

Tcpdump::Tcpdump(const std::string& interface, const std::string& filter,
                 const std::string& user) {
    Pipe packets = make_pipe();
    Pipe errors = make_pipe();

    try {
        child_.emplace(
            command(interface, filter, user),
            std::vector<Child::Redirection>{{packets.in.get(), STDOUT_FILENO},
                                            {errors.in.get(), STDERR_FILENO}});
    } catch (const std::runtime_error& error) {
        throw std::runtime_error(std::string(error.what()) +
                                 "\nInstall it: apt-get install tcpdump");
    }
    packets_ = std::move(packets.out);
    errors_ = std::move(errors.out);

    errors.in.reset();
    char buffer[512];
    while (said_.find("listening on") == std::string::npos) {
        ssize_t size = read(errors_.get(), buffer, sizeof(buffer));
        if (size > 0) {
            said_.append(buffer, static_cast<std::size_t>(size));
        } else if (size == 0 || errno != EINTR) {
            fail(said_);
        }
    }
    fcntl(errors_.get(), F_SETFL, O_NONBLOCK);
}

Tcpdump::~Tcpdump() {
    stop();
    packets_.reset();
}

void Tcpdump::ask() const noexcept {
    child_->signal(SIGUSR1);
}

void Tcpdump::stop() noexcept {
    child_->signal(SIGINT);
}

void Tcpdump::read_errors() {
    char buffer[512];
    ssize_t size = 0;
    while ((size = read(errors_.get(), buffer, sizeof(buffer))) > 0) {
        said_.append(buffer, static_cast<std::size_t>(size));
        if (said_.size() > most_said) {
            said_.erase(0, said_.size() - most_said);
        }
    }
}

std::optional<std::uint64_t> Tcpdump::dropped() {
    read_errors();
    return read_dropped(said_);
}

void Tcpdump::finish() {
    packets_.reset(); /* it would not end while it cannot write */
    child_->wait();
}

}  // namespace debug
