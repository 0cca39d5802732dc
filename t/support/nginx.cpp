#include "support/nginx.hpp"

#include "support/memory_checker.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <doctest/doctest.h>
#include <sstream>
#include <stdexcept>
#include <unistd.h>

namespace support {

namespace fs = std::filesystem;

namespace {

std::string quoted(const fs::path& path) {
    return "\"" + path.string() + "\"";
}

std::string temp_paths(const fs::path& dir) {
    std::string lines;
    for (const auto* name :
         {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"}) {
        lines += std::string("    ") + name + "_temp_path " +
                 quoted(dir / name) + ";\n";
    }
    return lines;
}

// nginx's event method: $NGINX_EVENTS, such as "poll".
std::string event_method() {
    const char* method = std::getenv("NGINX_EVENTS");
    return method != nullptr ? std::string("use ") + method + ";\n    " : "";
}

std::string render(const NginxConfig& config, const fs::path& dir) {
    std::ostringstream text;
    text << "daemon " << (config.daemon ? "on" : "off") << ";\n"
         << checker_environment();
    if (!config.master_process) {
        text << "master_process off;\n";
    }
    // Workers need the test's files, which only their owner can access.
    if (geteuid() == 0) {
        text << "user root;\n";
    }
    text << "worker_processes " << config.workers << ";\n"
         << "pid " << quoted(dir / "nginx.pid") << ";\n"
         << "lock_file " << quoted(dir / "nginx.lock") << ";\n"
         << "error_log " << quoted(dir / "error.log") << " " << config.log_level
         << ";\n";
    const auto ours = config.load_module ? load_line(module_path()) : "";
    text << (config.module_first ? ours + config.main : config.main + ours)
         << "\nevents {\n    worker_connections " << config.connections
         << ";\n    " << event_method() << config.events << "\n}\n"
         << "http {\n    access_log off;\n"
         << temp_paths(dir) << config.http << "\n}\n";
    return text.str();
}

bool is_complaint(const std::string& line) {
    const auto has = [&](const char* part) {
        return line.find(part) != std::string::npos;
    };
    return has("[alert]") || has("[crit]") || has("[emerg]") ||
           has("exited on signal") || has("exited with fatal code") ||
           (has("exited with code") && !has("exited with code 0"));
}

// Also counts workers that shut down.
std::ptrdiff_t count_workers(pid_t master) {
    const auto all = children_of(master);
    return std::count_if(all.begin(), all.end(), [](const Child& child) {
        return child.command.starts_with("nginx: worker process");
    });
}

// An older nginx logs to stderr only if it was configured to.
bool has_error_log_option() {
    return nginx_version() >= Version{1, 19, 5};
}

}  // namespace

std::size_t count_warnings(const std::string& log) {
    return count_lines(log, "[warn]") - count_lines(log, "does not seal");
}

Version nginx_version() {
    static const auto said = run({find_program("nginx"), "-v"}).output;
    Version version{};
    REQUIRE(std::sscanf(said.c_str(), "nginx version: nginx/%d.%d.%d",
                        &version[0], &version[1], &version[2]) == 3);
    return version;
}

bool has_sni_before_session() {
    return nginx_version() >= Version{1, 29, 2};
}

bool minds_unexpected_eof() {
    return nginx_version() < Version{1, 21, 2};
}

// Before 1.21.1, nginx does not find out how many errors glibc 2.32 has.
std::string handshake_timeout() {
    const std::string error = nginx_version() < Version{1, 21, 1}
                                  ? "Unknown error"
                                  : "Connection timed out";
    return "client timed out (110: " + error + ") while SSL handshaking";
}

bool has_directive(const std::string& name) {
    NginxConfig config;
    config.load_module = false;
    config.http = name + ";";
    const auto said = NginxPrefix(config).test().output;
    const bool has = count_lines(said, "unknown directive \"" + name) == 0;
    if (!has) {
        MESSAGE("this nginx has no " << name);
    }
    return has;
}

fs::path module_path() {
    const char* given = std::getenv("NGX_SSL_SESSION_CACHE_MODULE");
    return given
               ? fs::path(given)
               : fs::read_symlink("/proc/self/exe")
                     .parent_path()
                     .replace_filename("ngx_http_ssl_session_cache_module.so");
}

std::string load_line(const fs::path& module) {
    return module.empty() ? "" : "load_module " + quoted(module) + ";\n";
}

NginxPrefix::NginxPrefix(const NginxConfig& config) : leaks_(config.leaks) {
    write(config);
}

void NginxPrefix::write(const NginxConfig& config) const {
    write_file(config_file(), render(config, path()));
}

fs::path NginxPrefix::config_file() const {
    return path() / "nginx.conf";
}

Arguments NginxPrefix::command() const {
    Arguments arguments{find_program("nginx"), "-p", path().string(), "-c",
                        config_file().string()};
    if (has_error_log_option()) {
        arguments.insert(arguments.end(), {"-e", "stderr"});
    }
    return checked(arguments, path(), leaks_);
}

Finished NginxPrefix::test() const {
    auto arguments = command();
    arguments.push_back("-t");
    auto result = run(arguments);
    // The messages of -t go to the error log once that is configured.
    result.output += read_file(path() / "error.log");
    return result;
}

Nginx::Nginx(const NginxConfig& config)
    : config_(config), prefix_(config),
      // A master that is killed would leave its workers behind.
      process_(std::in_place, prefix_.command(), prefix_.path() / "output",
               SIGTERM) {
    if (minds_unexpected_eof()) {
        expect_complaint("SSL routines::unexpected eof while reading");
    }
    if (config_.daemon) {
        follow_daemon();
    }
    if (!eventually([this] { return started(); })) {
        process_->stop(SIGKILL);
        throw std::runtime_error("nginx does not start:\n" + log());
    }
}

// A daemon whose parent has ended is ours.
void Nginx::follow_daemon() {
    REQUIRE(process_->wait(patience) == 0);
    REQUIRE(eventually([this] { return recorded_pid() != 0; }));
    process_.emplace(recorded_pid());
}

pid_t Nginx::recorded_pid() const {
    return std::atoi(read_file(prefix_.path() / "nginx.pid").c_str());
}

bool Nginx::started() {
    if (process_->wait(Milliseconds{0})) {
        throw std::runtime_error("nginx has ended:\n" + log());
    }
    // The sockets listen before the pid file is there.
    return !read_file(prefix_.path() / "nginx.pid").empty() &&
           std::ssize(workers()) == config_.workers;
}

Nginx::~Nginx() {
    stop();
    INFO(log());
    CHECK(complaints() == "");
    CHECK(memory_errors(prefix_.path()) == "");
}

void Nginx::stop() {
    const auto last = workers();
    // Gracefully, because only then nginx looks for open sockets.
    CHECK(process_->stop(SIGQUIT) == 0);
    // A master that had to be killed leaves its workers to us.
    for (const auto& child : children_of(getpid())) {
        if (std::find(last.begin(), last.end(), child.pid) != last.end()) {
            kill(child.pid, SIGKILL);
            FAIL_CHECK("worker " << child.pid << " has outlived its master");
        }
    }
}

void Nginx::expect_complaint(const std::string& part) {
    expected_.push_back(part);
}

void Nginx::expect_damaged_records() {
    expect_complaint("Provider routines::invalid aad");      // 3.0.19
    expect_complaint("SSL routines::record layer failure");  // 3.2
}

std::vector<pid_t> Nginx::children(const std::string& title) const {
    std::vector<pid_t> pids;
    for (const auto& child : children_of(process_->pid())) {
        if (runs_as(title, child)) {
            pids.push_back(child.pid);
        }
    }
    return pids;
}

bool Nginx::settled() const {
    return eventually(
        [this] { return count_workers(process_->pid()) == config_.workers; });
}

void Nginx::upgrade() {
    const auto old = process_->pid();
    signal(SIGUSR2);
    REQUIRE(eventually([&] {
        const auto now = recorded_pid();
        return now != 0 && now != old && count_workers(now) == config_.workers;
    }));
    signal(SIGWINCH);
    REQUIRE(eventually([&] { return count_workers(old) == 0; }));
    signal(SIGQUIT);
    REQUIRE(process_->wait(patience) == 0);
    process_.emplace(recorded_pid());
}

bool Nginx::runs_as(const std::string& title, const Child& child) const {
    if (!in_valgrind()) {
        return child.command.starts_with(title) &&
               child.command.find("shutting down") == std::string::npos;
    }
    // Valgrind hides the titles, so use the log.
    const auto pid = std::to_string(child.pid);
    return log_count("start" + title.substr(title.find(' ')) + " " + pid) > 0 &&
           log_count(pid + "#" + pid + ": gracefully shutting down") == 0;
}

std::vector<pid_t> Nginx::workers() const {
    return config_.master_process ? children("nginx: worker process")
                                  : std::vector<pid_t>{process_->pid()};
}

void Nginx::reload() const {
    const auto old = workers();
    signal(SIGHUP);
    const bool replaced = eventually([&] {
        const auto now = workers();
        return std::ssize(now) == config_.workers &&
               std::none_of(now.begin(), now.end(), [&](pid_t pid) {
                   return std::find(old.begin(), old.end(), pid) != old.end();
               });
    });
    REQUIRE(replaced);
}

void Nginx::reload(const NginxConfig& config) {
    prefix_.write(config);
    config_ = config;
    reload();
}

bool Nginx::ended(Milliseconds deadline) {
    return process_->wait(deadline).has_value();
}

std::string Nginx::log() const {
    return read_file(prefix_.path() / "output") +
           read_file(prefix_.path() / "error.log");
}

std::size_t Nginx::log_count(const std::string& part) const {
    return count_lines(log(), part);
}

bool Nginx::wait_log(const std::string& part) const {
    return eventually([&] { return log_count(part) > 0; });
}

std::string Nginx::complaints() const {
    std::istringstream lines(log());
    std::string found;
    for (std::string line; std::getline(lines, line);) {
        const bool expected = std::any_of(
            expected_.begin(), expected_.end(), [&](const auto& part) {
                return line.find(part) != std::string::npos;
            });
        if (is_complaint(line) && !expected) {
            found += line + "\n";
        }
    }
    return found;
}

}  // namespace support
