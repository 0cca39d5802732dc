#include "support/memcached_server.hpp"

#include <csignal>
#include <stdexcept>
#include <unistd.h>
#include <utility>

namespace support {

using namespace std::string_literals;

namespace {

// The only command of the binary protocol that is answered without
// authentication.
const std::string binary_version = "\x80\x0b"s + std::string(22, '\0');

const std::string unauthenticated = "CLIENT_ERROR unauthenticated\r\n";

}  // namespace

MemcachedServer::MemcachedServer(Arguments options, Listen listen)
    : options_(std::move(options)), listen_(listen) {
    MemcachedServer::start();
}

MemcachedServer::MemcachedServer(Listen listen, Auth auth,
                                 const std::string& user,
                                 const std::string& password)
    : listen_(listen), auth_(auth) {
    if (auth == Auth::sasl) {
        make_sasl_password(user, password);
        options_ = {"-S"};
    } else {
        const auto passwords = dir_.path() / "passwords";
        write_file(passwords, user + ":" + password + "\n");
        options_ = {"-Y", passwords};
    }
    MemcachedServer::start();
}

void MemcachedServer::make_sasl_password(const std::string& user,
                                         const std::string& password) const {
    const auto passwords = (dir_.path() / "sasldb").string();
    write_file(dir_.path() / "memcached.conf",
               "mech_list: plain\nsasldb_path: " + passwords + "\n");
    const auto done =
        run({"sh", "-c", R"(printf %s "$3" | "$0" -p -c -f "$1" "$2")",
             find_program("saslpasswd2"), passwords, user, password});
    if (done.status != 0) {
        throw std::runtime_error("saslpasswd2: " + done.output);
    }
}

MemcachedServer::~MemcachedServer() {
    MemcachedServer::kill9();
}

std::string MemcachedServer::unix_path() const {
    return (dir_.path() / "memcached.sock").string();
}

std::string MemcachedServer::text() const {
    return listen_ == Listen::at_path ? "unix:" + unix_path()
                                      : address().text();
}

MemcachedClient MemcachedServer::client() const {
    return listen_ == Listen::at_path ? MemcachedClient(unix_path())
                                      : MemcachedClient(address());
}

std::string MemcachedServer::parameters() const {
    return "type=memcached \"addr=" + text() + "\"";
}

std::optional<std::string> MemcachedServer::get(const std::string& key) const {
    return client().get(key);
}

void MemcachedServer::set(const std::string& key,
                          const std::string& value) const {
    client().set(key, value);
}

void MemcachedServer::erase(const std::string& key) const {
    client().erase(key);
}

std::vector<std::string> MemcachedServer::keys() const {
    return client().keys();
}

std::int64_t MemcachedServer::ttl(const std::string& key) const {
    return client().ttl(key);
}

void MemcachedServer::flush() const {
    client().flush();
}

void MemcachedServer::freeze() {
    process_->freeze();
}

void MemcachedServer::thaw() {
    process_->signal(SIGCONT);
}

void MemcachedServer::kill9() {
    if (process_) {
        process_->stop(SIGKILL);
        process_.reset();
    }
}

void MemcachedServer::start() {
    process_.emplace(command(), dir_.path() / "memcached.log");
    if (!eventually([this] { return answers(); })) {
        throw std::runtime_error("memcached does not start:\n" + log());
    }
}

Arguments MemcachedServer::command() const {
    Arguments result{"env", "SASL_CONF_PATH=" + dir_.path().string(),
                     "memcached", "-t", "1"};
    if (geteuid() == 0) {
        result.insert(result.end(), {"-u", "root"});
    }
    if (listen_ == Listen::at_path) {
        result.insert(result.end(), {"-s", unix_path()});
    } else {
        const std::string plain =
            listen_ == Listen::at_plain_port ? "notls:" : "";
        result.insert(result.end(), {"-l", plain + address().host, "-p",
                                     std::to_string(address().port)});
    }
    result.insert(result.end(), options_.begin(), options_.end());
    return result;
}

bool MemcachedServer::answers() {
    if (process_->wait(Milliseconds{0})) {
        throw std::runtime_error("memcached has ended:\n" + log());
    }
    try {
        auto connection = client();
        switch (auth_) {
        case Auth::none:
            connection.version();
            break;
        case Auth::sasl:
            connection.write(binary_version);
            connection.read(binary_version.size());
            break;
        case Auth::text:
            connection.write("version\r\n");
            connection.read(unauthenticated.size());
            break;
        }
        return true;
    } catch (const std::runtime_error&) {
        return false;
    }
}

}  // namespace support
