#include "support/sentinel_server.hpp"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <utility>

namespace support {

namespace {

// Or another server with its protocol that can be a Sentinel.
std::string program() {
    const auto* given = std::getenv("REDIS_SERVER");
    return given ? given : "redis-server";
}

void await(bool done, const std::string& what) {
    if (!done) {
        throw std::runtime_error(what);
    }
}

}  // namespace

SentinelServer::SentinelServer(const Address& master, unsigned quorum,
                               const std::vector<std::string>& lines,
                               Arguments credentials)
    : credentials_(std::move(credentials)) {
    const std::string name = Watched::name;
    std::string text =
        "port " + std::to_string(port_.number()) + "\nbind 127.0.0.1\ndir " +
        dir_.path().string() + "\nsentinel monitor " + name + " " +
        master.host + " " + std::to_string(master.port) + " " +
        std::to_string(quorum) + "\nsentinel down-after-milliseconds " + name +
        " 500\nsentinel failover-timeout " + name + " 4000\n";
    for (const auto& line : lines) {
        text += line + "\n";
    }
    write_file(dir_.path() / "sentinel.conf", text);
    start();
}

SentinelServer::~SentinelServer() {
    kill9();
}

void SentinelServer::start() {
    process_.emplace(Arguments{program(),
                               (dir_.path() / "sentinel.conf").string(),
                               "--sentinel"},
                     dir_.path() / "log");
    await(eventually([this] {
              if (process_->wait(Milliseconds{0})) {
                  throw std::runtime_error("Sentinel has ended:\n" + log());
              }
              try {
                  client().command({"PING"});
                  return true;
              } catch (const std::runtime_error&) {
                  return false;
              }
          }),
          "Sentinel does not start:\n" + log());
}

void SentinelServer::kill9() {
    if (process_) {
        process_->stop(SIGKILL);
        process_.reset();
    }
}

RedisClient SentinelServer::client() const {
    return RedisClient(port_.address().text(), credentials_);
}

std::string SentinelServer::master() const {
    const auto reply = client().command(
        {"SENTINEL", "get-master-addr-by-name", Watched::name});
    return reply.elements.size() == 2
               ? reply.elements[0] + ":" + reply.elements[1]
               : "";
}

Watched::Watched(std::size_t sentinels, const Arguments& options,
                 const Arguments& credentials,
                 const std::vector<std::string>& lines,
                 const Arguments& sentinel_credentials) {
    Arguments all{"--repl-diskless-sync-delay", "0"};
    all.insert(all.end(), options.begin(), options.end());
    servers_.push_back(std::make_unique<RedisServer>(all, credentials));
    for (const auto& word : {std::string("--replicaof"), a().address().host,
                             std::to_string(a().address().port)}) {
        all.push_back(word);
    }
    servers_.push_back(std::make_unique<RedisServer>(all, credentials));

    for (std::size_t i = 0; i < sentinels; ++i) {
        sentinels_.push_back(std::make_unique<SentinelServer>(
            a().address(), static_cast<unsigned>(sentinels / 2 + 1), lines,
            sentinel_credentials));
    }
    await(eventually([this] { return settled(); }),
          "the Sentinels do not find each other");
}

bool Watched::settled() const {
    const auto known = "slaves=1,sentinels=" + std::to_string(count());
    return std::all_of(
        sentinels_.begin(), sentinels_.end(), [&](const auto& sentinel) {
            return sentinel->client().info("sentinel", "master0").find(known) !=
                   std::string::npos;
        });
}

void Watched::fail_over() {
    await(eventually([this] {  // it refuses while the replica is not ready
              return !sentinel()
                          .client()
                          .try_command({"SENTINEL", "FAILOVER", name})
                          .error;
          }),
          "the Sentinel does not fail over");
    await(names(b()), "the Sentinels do not name the new master");
}

void Watched::swap() {
    const auto& to = b().address();
    const auto port = std::to_string(to.port);
    sentinel().client().command({"SENTINEL", "REMOVE", name});
    b().client().command({"REPLICAOF", "NO", "ONE"});
    a().client().command({"REPLICAOF", to.host, port});
    sentinel().client().command(
        {"SENTINEL", "MONITOR", name, to.host, port, "1"});
}

bool Watched::names(const RedisServer& server,
                    const std::vector<std::size_t>& asked) const {
    return eventually([&] {
        return std::all_of(asked.begin(), asked.end(), [&](std::size_t n) {
            return n >= count() ||
                   sentinels_[n]->master() == server.address().text();
        });
    });
}

std::string Watched::parameters() const {
    std::string text = std::string("sentinel=") + name;
    for (const auto& sentinel : sentinels_) {
        text += " addr=" + sentinel->address().text();
    }
    return text;
}

}  // namespace support
