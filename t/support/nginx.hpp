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

// What goes into nginx.conf besides what every instance needs.
struct NginxConfig {
    bool load_module = true;
    bool master_process = true;
    bool daemon = false;  // as upgrade() needs it
    int workers = 1;
    int connections = 1000;
    std::string main;
    std::string events;
    std::string http;
    std::string log_level = "info";
    Leaks leaks = Leaks::reported;
};

// Lines of [warn], but for the one that tells who has no key of unsealed
// sessions.
std::size_t count_warnings(const std::string& log);

// Of the nginx under test, such as {1, 22, 1}.
using Version = std::array<int, 3>;
Version nginx_version();

// Whether this nginx (1.29.2 and newer) chooses the server by SNI before
// OpenSSL looks for a session, so that the directive of that server acts.
bool has_sni_before_session();

// Whether this nginx (before 1.21.2) takes a client that closes without a
// close_notify for a fault, as OpenSSL 3.0 does unless told otherwise: it is
// logged as [crit], and the client's session is removed.
bool minds_unexpected_eof();

// What nginx says of a client that is silent during its handshake.
std::string handshake_timeout();

// Whether this nginx has the directive; tells where it has not.
bool has_directive(const std::string& name);

// The module under test: $NGX_SSL_SESSION_CACHE_MODULE, which is empty if nginx
// itself has it, or the one beside the directory that this test binary is in.
std::filesystem::path module_path();

// What of nginx.conf loads a module, if any.
std::string load_line(const std::filesystem::path& module);

// nginx.conf and all that goes with it, in a directory of its own.
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

// A running nginx. When it goes, it has to have run cleanly: no worker died,
// the error log holds nothing from [crit] upwards, and no memory checker found
// anything.
class Nginx {
  public:
    // Returns when all its workers run.
    explicit Nginx(const NginxConfig& config);
    ~Nginx();

    // A complaint that this test provokes.
    void expect_complaint(const std::string& part);
    // Those of records that are damaged, or are none at all: some versions of
    // OpenSSL have errors for them that nginx does not know, and so are [crit].
    void expect_damaged_records();

    // Pids of the master's children that are called `title`, and so have
    // been set up and are not shutting down.
    std::vector<pid_t> children(const std::string& title) const;
    std::vector<pid_t> workers() const;
    void signal(int number) const { process_->signal(number); }
    // Reloads the configuration; the new workers run when it returns.
    void reload() const;
    void reload(const NginxConfig& config);
    // Puts a new master with new workers in the place of this one, as for a
    // new version of nginx; the old ones have ended when it returns.
    void upgrade();
    // Waits until there are no workers but the configured number, also none
    // that shut down.
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
    // What nginx.pid says; 0: nothing.
    pid_t recorded_pid() const;
    void follow_daemon();
    std::string complaints() const;

    NginxConfig config_;
    NginxPrefix prefix_;
    std::optional<Process> process_;  // the master
    std::vector<std::string> expected_;
};

}  // namespace support
