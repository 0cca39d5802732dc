#include "debug/demo.hpp"
#include "numbers/number.hpp"

#include <csignal>
#include <filesystem>
#include <poll.h>
#include <stdexcept>
#include <unistd.h>

namespace debug {

namespace {

namespace fs = std::filesystem;

constexpr int announcements = 3;

/* Finds the sources and the module from this program's place in the build
 * directory. */
struct Sources {
    fs::path module;
    fs::path script;

    Sources() {
        fs::path build = fs::read_symlink("/proc/self/exe").parent_path();
        module = build / "ngx_http_ssl_session_cache_module.so";
        fs::path root = build;
        do {
            root = root.parent_path();
            script = root / "t/demo/demo.sh";
        } while (!fs::exists(script) && root != root.root_path());
        if (!fs::exists(script) || !fs::exists(module)) {
            throw std::runtime_error(
                "the demo needs the sources and the module: "
                "run ./build.sh debug --demo there");
        }
    }
};

}  // namespace

Demo::Demo(const std::string& store) {
    Sources sources;
    Pipe start = make_pipe();
    Pipe told = make_pipe();
    child_.emplace(
        std::vector<std::string>{sources.script.string(),
                                 sources.module.string(), "--watched",
                                 "--store", store},
        std::vector<Child::Redirection>{{start.out.get(), STDIN_FILENO},
                                        {STDERR_FILENO, STDOUT_FILENO},
                                        {told.in.get(), announcements}});
    start_ = std::move(start.in);
    told_ = std::move(told.out);
    told.in.reset();

    std::string line;
    char c = 0;
    while (line != "ready now") {
        line.clear();
        while (read(told_.get(), &c, 1) == 1 && c != '\n') {
            line += c;
        }
        if (line.empty()) {
            throw std::runtime_error("the demo's fleet does not start");
        }
        learn(line);
    }
}

/* If the clients have not begun, the demo ends with its input. */
Demo::~Demo() {
    start_.reset();
    child_->signal(SIGTERM);
}

void Demo::learn(const std::string& line) {
    std::size_t space = line.find(' ');
    std::string what = line.substr(0, space);
    std::string value = line.substr(space + 1);

    if (what == "store") {
        roles_.stores.push_back(read_store(value));
    } else if (what == "tls") {
        roles_.tls_ports.insert(
            numbers::read<std::uint16_t>(value).value_or(0));
    } else if (what == "key") {
        keys_.push_back(value);
    } else if (what == "log") {
        logs_.push_back(value);
    }
}

void Demo::go() noexcept {
    if (write(start_.get(), "\n", 1) != 1) {
        start_.reset();
    }
}

/* The demo's last process closes its end of the pipe. */
bool Demo::over() {
    pollfd wanted{told_.get(), POLLIN, 0};
    return poll(&wanted, 1, 0) == 1;
}

}  // namespace debug
