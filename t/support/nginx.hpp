#pragma once

#include "support/files.hpp"
#include "support/memory_checker.hpp"
#include "support/process.hpp"

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace support {

// The contents of nginx.conf, besides what every instance needs.
struct NginxConfig {
    bool load_module = true;
    bool module_first = true;  // or after `main`, which may load others
    bool master_process = true;
    bool daemon = false;  // needed by upgrade()
    int workers = 1;
    int connections = 1000;
    std::string main;
    std::string events;
    std::string http;
    std::string log_level = "info";
    Leaks leaks = Leaks::reported;
};

// Counts lines of [warn], except the one about unsealed sessions without a key.
std::size_t count_warnings(const std::string& log);

// The version of the nginx under test, such as {1, 22, 1}.
using Version = std::array<int, 3>;
Version nginx_version();

// Whether this nginx (1.29.2 and newer) chooses the server by SNI before
// OpenSSL looks for a session, so that the directive of that server acts.
bool has_sni_before_session();

// Whether this nginx (before 1.21.2) treats a client that closes without a
// close_notify as an error, which is OpenSSL 3.0's default. Then it logs
// [crit], and removes the client's session.
bool minds_unexpected_eof();

// nginx's log line for a client that is silent during its handshake.
std::string handshake_timeout();

// Whether this nginx has the directive. Prints a message if not.
bool has_directive(const std::string& name);

// The module under test: $NGX_SSL_SESSION_CACHE_MODULE, which is empty if nginx
// has it built in, or else the one next to this test binary's directory.
std::filesystem::path module_path();

// The line of nginx.conf that loads a module, if any.
std::string load_line(const std::filesystem::path& module);

// nginx.conf and its other files, in a directory of its own.
class NginxPrefix {
  public:
    explicit NginxPrefix(const NginxConfig& config);

    const std::filesystem::path& path() const { return dir_.path(); }
    void write(const NginxConfig& config) const;
    std::filesystem::path config_file() const;
    Arguments command() const;

    // nginx -t
    Finished test() const;

  private:
    TempDir dir_;
    Leaks leaks_;
};

// A running nginx. Its destructor checks that it ran cleanly: no worker died,
// the error log has nothing from [crit] upwards, and no memory checker found
// anything.
class Nginx {
  public:
    // Returns when all of its workers run.
    explicit Nginx(const NginxConfig& config);
    ~Nginx();

    // Ignores a complaint that this test provokes.
    void expect_complaint(const std::string& part);
    // Ignores complaints about damaged or wrong records. Some versions of
    // OpenSSL have errors for them that nginx does not know, and logs as
    // [crit].
    void expect_damaged_records();

    // Pids of the master's children with the title `title`. These are set up
    // and not shutting down.
    std::vector<pid_t> children(const std::string& title) const;
    std::vector<pid_t> workers() const;
    void signal(int number) const { process_->signal(number); }
    // Reloads the configuration. When it returns, the new workers run.
    void reload() const;
    void reload(const NginxConfig& config);
    // Replaces this master by a new one with new workers, as for a new version
    // of nginx. When it returns, the old ones have ended.
    void upgrade();
    // Waits until there is exactly the configured number of workers, with none
    // that shuts down.
    bool settled() const;
    // Waits until the master has ended by itself.
    bool ended(Milliseconds deadline = patience);

    std::string log() const;
    std::size_t log_count(const std::string& part) const;
    bool wait_log(const std::string& part) const;

  private:
    bool started();
    bool runs_as(const std::string& title, const Child& child) const;
    void stop();
    // The pid in nginx.pid, or 0.
    pid_t recorded_pid() const;
    void follow_daemon();
    std::string complaints() const;

    NginxConfig config_;
    NginxPrefix prefix_;
    std::optional<Process> process_;  // the master
    std::vector<std::string> expected_;
};

}  // namespace support
