#include "support/redis_server.hpp"

#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <utility>

namespace support {

namespace {

// Or another server with its protocol and its options.
std::string redis_program() {
    const auto* given = std::getenv("REDIS_SERVER");
    return given ? given : "redis-server";
}

}  // namespace

RedisServer::RedisServer(Arguments options, Arguments credentials)
    : options_(std::move(options)), credentials_(std::move(credentials)) {
    RedisServer::start();
}

RedisServer::~RedisServer() {
    RedisServer::kill9();
}

std::string RedisServer::unix_path() const {
    return (dir_.path() / "redis.sock").string();
}

RedisClient RedisServer::client() const {
    return RedisClient(unix_path(), credentials_);
}

std::string RedisServer::parameters() const {
    return "\"addr=unix:" + unix_path() + "\"";
}

std::optional<std::string> RedisServer::get(const std::string& key) const {
    return client().get(key);
}

void RedisServer::set(const std::string& key, const std::string& value) const {
    client().set(key, value);
}

void RedisServer::erase(const std::string& key) const {
    client().erase(key);
}

std::vector<std::string> RedisServer::keys() const {
    return client().keys();
}

std::int64_t RedisServer::ttl(const std::string& key) const {
    return client().ttl(key);
}

void RedisServer::flush() const {
    client().flushall();
}

void RedisServer::freeze() {
    process_->freeze();
    frozen_ = true;
}

void RedisServer::thaw() {
    process_->signal(SIGCONT);
    frozen_ = false;
}

void RedisServer::kill9() {
    if (process_) {
        process_->stop(SIGKILL);
        process_.reset();
        frozen_ = false;
    }
}

void RedisServer::start() {
    start({});
}

void RedisServer::start(const Arguments& more) {
    Arguments arguments{redis_program(),
                        "--save",
                        "",
                        "--appendonly",
                        "no",
                        "--daemonize",
                        "no",
                        "--dir",
                        dir_.path().string(),
                        "--bind",
                        port_.address().host,
                        "--port",
                        std::to_string(port_.number()),
                        "--unixsocket",
                        unix_path()};
    arguments.insert(arguments.end(), options_.begin(), options_.end());
    arguments.insert(arguments.end(), more.begin(), more.end());
    process_.emplace(arguments, dir_.path() / "redis.log");
    if (!eventually([this] { return answers(); })) {
        throw std::runtime_error(redis_program() + " does not start:\n" +
                                 log());
    }
}

bool RedisServer::answers() {
    if (process_->wait(Milliseconds{0})) {
        throw std::runtime_error(redis_program() + " has ended:\n" + log());
    }
    try {
        client().command({"PING"});
        return true;
    } catch (const std::runtime_error&) {
        return false;
    }
}

}  // namespace support
