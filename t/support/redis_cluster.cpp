#include "support/redis_cluster.hpp"
#include "support/tls_redis.hpp"

#include "support/certificates.hpp"

#include <cstdlib>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace support {

namespace {

void expect(bool holds, const char* what) {
    if (!holds) {
        throw std::runtime_error(std::string("cluster: ") + what);
    }
}

// The client of the server under test: redis-cli, or valkey-cli.
std::string cli_program() {
    const auto* given = std::getenv("REDIS_SERVER");
    std::string program = given ? given : "redis-server";
    const std::string server = "server";
    return program.replace(program.rfind(server), server.size(), "cli");
}

// The lines of CLUSTER NODES, in words.
std::vector<std::vector<std::string>> nodes_as_seen(RedisClient client) {
    std::vector<std::vector<std::string>> lines;
    std::istringstream text(*client.command({"CLUSTER", "NODES"}).text);
    for (std::string line; std::getline(text, line);) {
        std::istringstream words(line);
        auto& all = lines.emplace_back();
        for (std::string word; words >> word;) {
            all.push_back(word);
        }
    }
    return lines;
}

// "0-5460", or "7".
bool has(const std::string& range, int slot) {
    if (range.starts_with('[')) {
        return false;  // it is under way
    }
    const auto dash = range.find('-');
    const int first = std::stoi(range);
    const int last =
        dash == range.npos ? first : std::stoi(range.substr(dash + 1));
    return first <= slot && slot <= last;
}

}  // namespace

RedisCluster::RedisCluster(int masters, int replicas, Arguments options,
                           Arguments credentials)
    : options_(std::move(options)), credentials_(std::move(credentials)) {
    make(masters, replicas);
}

RedisCluster::RedisCluster(const KeyPair& certificate, Arguments options)
    : certificate_(certificate), options_(std::move(options)) {
    make(3, 0);
}

void RedisCluster::make(int masters, int replicas) {
    if (replicas != 0) {
        node_timeout_ = Milliseconds{1000};
    }
    for (int i = 0; i < masters + replicas; ++i) {
        add();
    }
    assign(masters);
    for (std::size_t i = 1; i < size(); ++i) {
        meet(i);
    }
    expect(eventually([&] { return agrees(); }), "the nodes do not meet");

    const auto first = static_cast<std::size_t>(masters);
    for (auto replica = first; replica < size(); ++replica) {
        (*this)[replica].client().command(
            {"CLUSTER", "REPLICATE", id(replica - first)});
    }
    for (auto replica = first; replica < size(); ++replica) {
        expect(eventually([&] {
                   return (*this)[replica].client().info(
                              "replication", "master_link_status") == "up";
               }),
               "a replica has no master");
    }
}

void RedisCluster::add() {
    auto& node = *nodes_.emplace_back(std::make_unique<Member>());
    Arguments options{"--cluster-enabled",
                      "yes",
                      "--cluster-port",
                      std::to_string(node.bus.number()),
                      "--cluster-node-timeout",
                      std::to_string(node_timeout_.count()),
                      "--cluster-require-full-coverage",
                      "no",
                      "--cluster-replica-validity-factor",
                      "0",
                      "--repl-diskless-sync-delay",
                      "0"};
    options.insert(options.end(), options_.begin(), options_.end());
    if (certificate_) {
        const auto tls =
            tls_arguments(node.tls.emplace().address(), *certificate_);
        options.insert(options.end(), {"--tls-cluster", "yes"});
        options.insert(options.end(), tls.begin(), tls.end());
    }
    node.server = std::make_unique<RedisServer>(options, credentials_);
}

void RedisCluster::assign(int masters) const {
    for (int i = 0; i < masters; ++i) {
        auto client = (*this)[static_cast<std::size_t>(i)].client();
        client.command({"CLUSTER", "SET-CONFIG-EPOCH", std::to_string(i + 1)});
        client.command({"CLUSTER", "ADDSLOTSRANGE",
                        std::to_string(n_slots * i / masters),
                        std::to_string(n_slots * (i + 1) / masters - 1)});
    }
}

void RedisCluster::meet(std::size_t i) const {
    const auto& first = *nodes_.front();
    (*this)[i].client().command({"CLUSTER", "MEET",
                                 first.server->address().host,
                                 std::to_string(first.server->address().port),
                                 std::to_string(first.bus.number())});
}

RedisServer& RedisCluster::join() {
    add();
    auto& added = *nodes_.back()->server;
    manage({"add-node", added.address().text(), first()});
    expect(eventually([&] { return agrees(); }), "the new node is not met");
    return added;
}

void RedisCluster::reshard(std::size_t from, std::size_t to, int slots) const {
    manage({"reshard", first(), "--cluster-from", id(from), "--cluster-to",
            id(to), "--cluster-slots", std::to_string(slots), "--cluster-yes"});
}

void RedisCluster::dismiss_last() {
    manage({"del-node", first(), id(size() - 1)});
    dismissed_.push_back(std::move(nodes_.back()));
    nodes_.pop_back();
    expect(eventually([&] { return agrees(); }), "a node is not forgotten");
}

std::string RedisCluster::first() const {
    return (*this)[0].address().text();
}

// redis-cli does nothing until the nodes agree.
void RedisCluster::manage(const Arguments& what) const {
    Arguments all{cli_program(), "--cluster"};
    if (!credentials_.empty()) {
        all.insert(all.begin() + 1, {"-a", credentials_.back()});
    }
    auto check = all;
    check.insert(check.end(), {"check", first()});
    expect(eventually([&] { return run(check).status == 0; }),
           "the nodes do not agree");

    all.insert(all.end(), what.begin(), what.end());
    const auto done = run(all);
    if (done.status != 0) {
        throw std::runtime_error("cluster: " + what[0] + ":\n" + done.output);
    }
}

// Then its bus has TLS, and that of the others has not.
void RedisCluster::cut_off(std::size_t i) const {
    const auto& pair = certificates().store;
    auto& node = (*this)[i];
    node.client().command({"SAVE"});
    node.kill9();
    node.start({"--tls-cluster", "yes", "--tls-cert-file", pair.certificate,
                "--tls-key-file", pair.key, "--tls-ca-cert-file",
                certificates().client_ca.certificate});
}

void RedisCluster::rejoin(std::size_t i) const {
    (*this)[i].client().config_set("tls-cluster", "no");
}

bool RedisCluster::alive(std::size_t i) const {
    if ((*this)[i].frozen()) {
        return false;
    }
    try {
        (*this)[i].client().command({"PING"});
        return true;
    } catch (const std::runtime_error&) {
        return false;
    }
}

bool RedisCluster::agrees(int slots) const {
    for (std::size_t i = 0; i < size(); ++i) {
        if (!alive(i)) {
            continue;
        }
        const auto info =
            *(*this)[i].client().command({"CLUSTER", "INFO"}).text;
        const auto says = [&](const std::string& name, const auto& value) {
            std::ostringstream line;
            line << name << ':' << value << '\r';
            return info.find(line.str()) != info.npos;
        };
        if (!says("cluster_state", "ok") || !says("cluster_slots_ok", slots) ||
            !says("cluster_known_nodes", size())) {
            return false;
        }
    }
    return true;
}

std::string RedisCluster::parameters() const {
    std::vector<std::size_t> all;
    for (std::size_t i = 0; i < size(); ++i) {
        all.push_back(i);
    }
    return parameters(all);
}

std::string
RedisCluster::parameters(const std::vector<std::size_t>& seeds) const {
    std::string text = "cluster=on";
    for (const auto i : seeds) {
        text += " addr=" + (*this)[i].address().text();
    }
    return text;
}

int RedisCluster::slot_of(const std::string& key) const {
    std::size_t i = 0;
    while (!alive(i)) {
        ++i;
    }
    return static_cast<int>(
        (*this)[i].client().command({"CLUSTER", "KEYSLOT", key}).integer);
}

std::string RedisCluster::id(std::size_t i) const {
    return *(*this)[i].client().command({"CLUSTER", "MYID"}).text;
}

std::size_t RedisCluster::owner_of(int slot) const {
    for (std::size_t i = 0; i < size(); ++i) {
        if (!alive(i)) {
            continue;
        }
        for (const auto& line : nodes_as_seen((*this)[i].client())) {
            if (line.size() < 9 || line[2].find("myself") == line[2].npos ||
                line[2].find("master") == line[2].npos) {
                continue;
            }
            for (std::size_t word = 8; word < line.size(); ++word) {
                if (has(line[word], slot)) {
                    return i;
                }
            }
        }
    }
    throw std::runtime_error("cluster: nobody has a slot");
}

std::string RedisCluster::key_of(std::size_t i, const std::string& stem) const {
    for (int n = 0;; ++n) {
        auto key = stem + std::to_string(n);
        if (owner_of(key) == i) {
            return key;
        }
    }
}

std::optional<std::string> RedisCluster::get(const std::string& key) const {
    try {
        return (*this)[owner_of(key)].client().get(key);
    } catch (const std::runtime_error&) {
        return std::nullopt;  // its slot is changing hands
    }
}

void RedisCluster::begin_move(int slot, std::size_t to) const {
    const auto from = owner_of(slot);
    const auto number = std::to_string(slot);
    (*this)[to].client().command(
        {"CLUSTER", "SETSLOT", number, "IMPORTING", id(from)});
    (*this)[from].client().command(
        {"CLUSTER", "SETSLOT", number, "MIGRATING", id(to)});
}

void RedisCluster::end_move(int slot, std::size_t to) const {
    const auto from = owner_of(slot);
    const auto number = std::to_string(slot);
    auto source = (*this)[from].client();
    const auto& target = (*this)[to].address();
    for (const auto& key :
         source.command({"CLUSTER", "GETKEYSINSLOT", number, "1000"})
             .elements) {
        Arguments migrate{"MIGRATE", target.host, std::to_string(target.port),
                          key,       "0",         "5000"};
        if (!credentials_.empty()) {
            migrate.insert(migrate.end(), {"AUTH", credentials_.back()});
        }
        source.command(migrate);
    }
    const auto new_owner = id(to);
    (*this)[to].client().command(
        {"CLUSTER", "SETSLOT", number, "NODE", new_owner});
    source.command({"CLUSTER", "SETSLOT", number, "NODE", new_owner});
    // As redis-cli does it, so that no node claims the slot with older
    // knowledge. Replicas refuse.
    for (std::size_t i = 0; i < size(); ++i) {
        if (i != from && i != to && alive(i)) {
            (*this)[i].client().try_command(
                {"CLUSTER", "SETSLOT", number, "NODE", new_owner});
        }
    }
}

bool RedisCluster::replicated(std::size_t master, std::size_t replica) const {
    return eventually([&] {
        return (*this)[master].client().dbsize() ==
               (*this)[replica].client().dbsize();
    });
}

void RedisCluster::fail_over(std::size_t replica) const {
    const auto is_master = [&] {
        return (*this)[replica].client().info("replication", "role") ==
               "master";
    };
    // After an attempt that a busy machine has spoiled, a replica waits for
    // four times cluster-node-timeout, up to 80 s, before it asks for votes
    // again.
    bool done = false;
    for (int times = 0; times < 20 && !done; ++times) {
        (*this)[replica].client().command({"CLUSTER", "FAILOVER"});
        done = eventually(is_master, Milliseconds{6000});  // it gives up at 5 s
    }
    expect(done, "a replica does not take over");
}

bool RedisCluster::replaced(std::size_t node) const {
    return eventually([&] { return is_replaced(node); });
}

bool RedisCluster::is_replaced(std::size_t node) const {
    const auto where = (*this)[node].address().text() + "@";
    for (std::size_t i = 0; i < size(); ++i) {
        if (i == node || !alive(i)) {
            continue;
        }
        for (const auto& line : nodes_as_seen((*this)[i].client())) {
            if (line[1].starts_with(where) && line.size() > 8) {
                return false;
            }
        }
    }
    return true;
}

}  // namespace support
