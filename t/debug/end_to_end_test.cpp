// The built program beside real nginx workers and stores: what it tells of a
// mix of handshakes, live and from a capture by plain tcpdump, is what the
// variables and the figures tell.

#include "debug/program_path.hpp"
#include "support/browser.hpp"
#include "support/key_files.hpp"
#include "support/memory_checker.hpp"
#include "support/node.hpp"
#include "support/redis_cluster.hpp"
#include "support/tls_load.hpp"

#include <algorithm>
#include <csignal>
#include <doctest/doctest.h>
#include <map>
#include <netinet/in.h>
#include <nlohmann/json.hpp>
#include <pwd.h>
#include <set>
#include <sstream>
#include <sys/socket.h>
#include <unistd.h>

using namespace support;
using nlohmann::json;

namespace {

std::string named(const std::string& client, const std::string& server) {
    return client + " → " + server.substr(server.rfind(':'));
}

// A handshake's name, as on the page. A client's port alone is none, because
// the clients of two servers may have the same one.
std::string name_of(TlsClient& client, const Node& node) {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    getsockname(client.socket().fd(), reinterpret_cast<sockaddr*>(&address),
                &size);
    const Address own{node.address().host, ntohs(address.sin_port)};
    return named(own.text(), node.address().text());
}

// What is told of the handshakes, by name.
using Told = std::map<std::string, json>;

Told read_stories(const std::string& output) {
    Told told;
    std::istringstream lines(output);
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with('{')) {
            continue;
        }
        auto object = json::parse(line);
        if (object["type"] == "handshake") {
            const auto name = named(object["client"], object["server"]);
            told[name] = std::move(object);
        }
    }
    return told;
}

json read_summary(const std::string& output) {
    const auto begin = output.find("{\"type\":\"summary\"");
    REQUIRE(begin != std::string::npos);
    return json::parse(output.substr(begin, output.find('\n', begin) - begin));
}

// Something that captures, in the background.
class Capturing {
  public:
    Capturing(const Arguments& command, const std::string& ready)
        : output_(dir_.path() / "output"), process_(command, output_) {
        ready_ = eventually([&] {
            return read_file(output_).find(ready) != std::string::npos ||
                   process_.wait(Milliseconds{0}).has_value();
        });
        ready_ = ready_ && read_file(output_).find(ready) != std::string::npos;
    }

    bool ready() const { return ready_; }
    pid_t pid() const { return process_.pid(); }
    std::string output() const { return read_file(output_); }

    std::string finish() {
        CHECK(process_.stop(SIGINT) == 0);
        return output();
    }

  private:
    TempDir dir_;
    std::filesystem::path output_;
    Process process_;
    bool ready_ = false;
};

bool may_capture() {
    if (geteuid() != 0) {
        return false;
    }
    Capturing trial({find_program("tcpdump"), "-i", "lo", "-w", "/dev/null"},
                    "listening on");
    return trial.ready();
}

struct Expected {
    std::string what;
    std::string status;
    bool resumed;
    std::string protocol;
    bool retry = false;
};

std::string address_of(const RedisServer& store) {
    return "redis:" + store.address().text();
}

std::string address_of(const MemcachedServer& store) {
    return "memcached:" + store.address().text();
}

NodeConfig node_config() {
    auto config = shared_cache();
    config.response = "200 $remote_ssl_session_cache_status";
    // So that who offers another key first is asked to try again.
    config.http += "ssl_ecdh_curve prime256v1;\n";
    return config;
}

// Two nodes on a store that is on the wire, and what is expected of each
// client that has come.
class Mix {
  public:
    Mix(StoreServer& store, const std::string& address, bool sealed)
        : store_(store), sealed_(sealed),
          directive_("remote_ssl_session_cache timeout=500ms type=" +
                     address.substr(0, address.find(':')) +
                     " addr=" + address.substr(address.find(':') + 1) + ' ' +
                     (sealed ? keys_.parameters("a") : "") + ";\n"),
          a_(directive_, node_config()), b_(directive_, node_config()) {
        REQUIRE(a_.connected());
        REQUIRE(b_.connected());
    }

    Arguments options(const std::string& address) const {
        Arguments words{"-p",
                        std::to_string(a_.address().port) + ',' +
                            std::to_string(b_.address().port),
                        "--store", address, "--json"};
        if (sealed_) {
            words.insert(words.end(), {"--key", keys_.file('a')});
        }
        return words;
    }

    void play() {
        for (const auto& kind : {tls12(), tls13()}) {
            play(kind);
        }
        auto retrying = tls13(make(tls13()));
        retrying.groups = "X25519:P-256";
        meet(b_, retrying, {"a retry", "HIT", true, "TLSv1.3", true});
        time_out(tls12());
    }

    const std::map<std::string, Expected>& expected() const {
        return expected_;
    }

    // A client may be gone before its handshake is counted.
    void check_figures() const {
        std::map<std::string, int> statuses;
        for (const auto& [name, what] : expected_) {
            ++statuses[what.status];
        }
        std::map<std::string, int> counted;
        CHECK(eventually([&] {
            counted.clear();
            for (const auto* node : {&a_, &b_}) {
                const auto figures = node->figures();
                for (const auto& [name, n] : figures["lookups"].items()) {
                    if (n != 0) {
                        counted[name] += n.get<int>();
                    }
                }
            }
            return counted == statuses;
        }));
        CAPTURE(json(counted).dump());
        CHECK(counted == statuses);
    }

  private:
    void play(TlsOptions options) {
        options.groups = "P-256";
        const std::string protocol =
            options.max_version == TLS1_2_VERSION ? "TLSv1.2" : "TLSv1.3";
        options.session = make(options);
        meet(b_, options, {"the other node", "HIT", true, protocol});
        options.session = make(options);
        meet(a_, options, {"its own node", "LOCAL", true, protocol});
        store_.erase(name(options.session));
        meet(b_, options, {"an unknown session", "MISS", false, protocol});
        options.session = make(options);
        store_.set(name(options.session), "no session");
        meet(b_, options, {"a bad value", "INVALID", false, protocol});
    }

    void time_out(TlsOptions options) {
        options.session = make(options);
        store_.freeze();
        meet(b_, options, {"a frozen store", "TIMEOUT", false, "TLSv1.2"});
        store_.thaw();
    }

    std::string name(const Session& session) const {
        return sealed_ ? KeyFiles::name('a', session)
                       : "ngx_ssl:" + session_id(session);
    }

    // A session in the store.
    Session make(TlsOptions options) {
        options.session = nullptr;
        options.groups = "P-256";
        auto session = meet(
            a_, options,
            {"a new client", "-", false,
             options.max_version == TLS1_2_VERSION ? "TLSv1.2" : "TLSv1.3"});
        REQUIRE(eventually([&] { return store_.exists(name(session)); }));
        return session;
    }

    Session meet(const Node& node, const TlsOptions& options,
                 const Expected& expected) {
        TlsClient client(node.address(), options);
        client.handshake();
        expected_[name_of(client, node)] = expected;
        const auto visit = exchange(client);
        CAPTURE(expected.what);
        REQUIRE(visit.reused == expected.resumed);
        CHECK(visit.body() == expected.status);
        return visit.sessions.empty() ? nullptr : visit.session();
    }

    StoreServer& store_;
    bool sealed_;
    KeyFiles keys_;
    std::string directive_;
    Node a_;
    Node b_;
    std::map<std::string, Expected> expected_;
};

void check(const Told& told, const std::map<std::string, Expected>& expected) {
    for (const auto& each : expected) {
        const std::string& name = each.first;
        const Expected& what = each.second;
        CAPTURE(name);
        CAPTURE(what.what);
        REQUIRE(told.contains(name));
        const json& story = told.at(name);
        CAPTURE(story.dump());
        CHECK(story["status"] == what.status);
        CHECK(story["result"] == (what.resumed ? "resumed" : "full"));
        CHECK(story["protocol"] == what.protocol);
        CHECK(story["hello_retry_request"] == what.retry);
        CHECK(story["handshake_us"].is_number());
    }
    CHECK(told.size() == expected.size());
}

// But for times: each tcpdump has its own.
json timeless(json story) {
    for (const char* key : {"time", "lookup_us", "handshake_us"}) {
        story.erase(key);
    }
    for (auto& event : story["events"]) {
        event.erase("at_us");
    }
    return story;
}

void check_same(const Told& live, const Told& read) {
    REQUIRE(live.size() == read.size());
    for (const auto& [name, story] : live) {
        CHECK(timeless(story) == timeless(read.at(name)));
    }
}

// A page of the same stories, in a real browser.
void check_page(Arguments reading, const std::string& page, const Told& told) {
    reading.insert(reading.end(), {"--html", page});
    REQUIRE(run(reading).status == 0);
    const Browser browser;
    browser.open("file://" + page);
    CHECK(browser.console().empty());
    const auto stories = browser.evaluate(
        "return [...document.querySelectorAll('.story')].map(d => "
        "[d.querySelector('summary').textContent, "
        "d.querySelectorAll('svg').length])");
    CHECK(stories.size() == told.size());
    for (const auto& each : told) {
        const std::string& name = each.first;
        const std::string status = each.second["status"];
        CAPTURE(name);
        CHECK(std::count_if(stories.begin(), stories.end(), [&](const auto& s) {
                  const std::string summary = s[0];
                  return s[1] == 1 && summary.find(name) != std::string::npos &&
                         summary.find(status) != std::string::npos;
              }) == 1);
    }
}

template <class Store>
void check_mix(Store& store, bool sealed) {
    if (!may_capture()) {
        MESSAGE("this machine does not let the tests capture");
        return;
    }
    const TempDir dir;
    const auto file = (dir.path() / "mix.pcap").string();
    const auto address = address_of(store);
    Mix mix(store, address, sealed);
    const auto options = mix.options(address);

    // As root, because the directory is nobody else's.
    Arguments live{program(), "-i", "lo", "--user", "root"};
    live.insert(live.end(), options.begin(), options.end());
    Capturing ours(live, "capturing on");
    Capturing plain({find_program("tcpdump"), "-i", "lo", "-Z", "root", "-B",
                     "16384", "-U", "-w", file, "tcp"},
                    "listening on");
    REQUIRE(ours.ready());
    REQUIRE(plain.ready());
    mix.play();
    mix.check_figures();
    CHECK(eventually([&] {
        return read_stories(ours.output()).size() == mix.expected().size();
    }));
    const auto output = ours.finish();
    CAPTURE(output.substr(output.find("\"type\":\"summary\"")));
    const auto told = read_stories(output);
    check(told, mix.expected());

    Arguments reading{program(), "-r", file, "--user", "root"};
    reading.insert(reading.end(), options.begin(), options.end());
    // The other tcpdump may be behind, and what it has not written yet would
    // be lost with its end.
    Told read;
    CHECK(eventually([&] {
        read = read_stories(run(reading).output);
        return read.size() == told.size();
    }));
    plain.finish();
    check_same(told, read);
    check_page(reading, (dir.path() / "page.html").string(), told);
}

json story_of(const Arguments& reading, const std::string& name) {
    Told told;
    REQUIRE(eventually([&] {
        told = read_stories(run(reading).output);
        return told.contains(name) && told[name]["handshake_us"].is_number();
    }));
    return told[name];
}

std::string all_text(const json& story) {
    std::string text;
    for (const auto& event : story["events"]) {
        text += event["text"].get<std::string>() + '\n';
    }
    return text;
}

// A node whose store is a cluster, and sessions of its own.
class ClusterClient {
  public:
    explicit ClusterClient(const RedisCluster& cluster)
        : cluster_(cluster), node_("remote_ssl_session_cache timeout=2s " +
                                       cluster.parameters({0}) + ";",
                                   config()) {
        REQUIRE(node_.connected(4));
    }

    int port() const { return node_.address().port; }

    Session make(TlsOptions options) {
        options.groups = "P-256";
        auto session = node_.get(options).session();
        REQUIRE(eventually(
            [&] { return cluster_.get(key_of(session)).has_value(); }));
        return session;
    }

    static std::string key_of(const Session& session) {
        return "ngx_ssl:" + session_id(session);
    }

    // Returns the handshake's name.
    std::string present(TlsOptions options, const std::string& status) {
        options.groups = "P-256";
        TlsClient client(node_.address(), options);
        client.handshake();
        auto name = name_of(client, node_);
        CHECK(exchange(client).body() == status);
        return name;
    }

  private:
    static NodeConfig config() {
        auto config = node_config();
        config.server.clear();  // no cache of its own
        return config;
    }

    const RedisCluster& cluster_;
    Node node_;
};

}  // namespace

TEST_CASE("debug: lookups that a cluster sends elsewhere") {
    if (!may_capture()) {
        MESSAGE("this machine does not let the tests capture");
        return;
    }
    const RedisCluster cluster;
    const TempDir dir;
    const auto file = (dir.path() / "cluster.pcap").string();
    Capturing plain({find_program("tcpdump"), "-i", "lo", "-Z", "root", "-B",
                     "16384", "-U", "-w", file, "tcp"},
                    "listening on");
    REQUIRE(plain.ready());
    ClusterClient client(cluster);
    // The others, the capture tells of.
    const Arguments reading{program(),
                            "-r",
                            file,
                            "--user",
                            "root",
                            "-p",
                            std::to_string(client.port()),
                            "--store",
                            "redis:" + cluster[0].address().text(),
                            "--json"};

    const auto asked = client.make(tls12());
    const auto key = ClusterClient::key_of(asked);
    const auto from = cluster.owner_of(key);
    const auto to = (from + 1) % 3;
    cluster.begin_move(cluster.slot_of(key), to);
    cluster[from].client().command({"DEL", key});
    const auto ask = story_of(reading, client.present(tls12(asked), "MISS"));
    CHECK(ask["status"] == "MISS");
    CHECK(all_text(ask).find("redis ASK, sent to " +
                             cluster[to].address().text() + '\n') !=
          std::string::npos);

    const auto moved = client.make(tls13());
    const auto slot = cluster.slot_of(ClusterClient::key_of(moved));
    const auto target = (cluster.owner_of(slot) + 1) % 3;
    cluster.begin_move(slot, target);
    cluster.end_move(slot, target);
    const auto hit = story_of(reading, client.present(tls13(moved), "HIT"));
    CHECK(hit["status"] == "HIT");
    CHECK(hit["result"] == "resumed");
    const auto text = all_text(hit);
    CAPTURE(text);
    CHECK(text.find("redis MOVED, sent to " + cluster[target].address().text() +
                    '\n') != std::string::npos);
    CHECK(text.find("→ " + cluster[target].address().text() + ")\n") !=
          std::string::npos);
}

TEST_CASE("debug: a mix of handshakes, with Redis") {
    RedisServer store;
    check_mix(store, false);
}

TEST_CASE("debug: a mix of handshakes, with memcached") {
    MemcachedServer store({}, MemcachedServer::Listen::at_port);
    check_mix(store, false);
}

TEST_CASE("debug: a mix of handshakes, sealed") {
    RedisServer store;
    check_mix(store, true);
}

TEST_CASE("debug: nginx -T tells what to capture") {
    if (!may_capture()) {
        MESSAGE("this machine does not let the tests capture");
        return;
    }
    RedisServer store;
    const ReservedPort port;
    NginxConfig config;
    config.http = "remote_ssl_session_cache addr=" + store.address().text() +
                  ";\n" + server_block({}, port.address());
    const NginxPrefix prefix(config);
    // nginx has to load a module that a memory checker may be built into.
    Capturing ours(checked({program(), "--conf", prefix.config_file().string(),
                            "--seconds", "1", "--user", "root"},
                           prefix.path()),
                   "Summary");
    CHECK(ours.ready());
    CHECK(ours.output().find("0 handshakes") != std::string::npos);
}

// The demo's nginx does not load a module with sanitizers.
TEST_CASE("debug: the demo, told by the capture and its nodes' logs" *
          doctest::skip(in_sanitizer())) {
    if (!may_capture()) {
        MESSAGE("this machine does not let the tests capture");
        return;
    }
    for (const std::string store : {"redis", "memcached"}) {
        const auto demo =
            run({program(), "--demo=" + store, "--json", "--user", "root"});
        CAPTURE(demo.output);
        CHECK(demo.status == 0);
        const auto told = read_stories(demo.output);
        std::set<std::string> servers;
        std::size_t hits = 0;
        for (const auto& [port, story] : told) {
            servers.insert(story["server"]);
            hits += story["status"] == "HIT";
            CHECK(story["sources"] == json({"wire", "log"}));
        }
        CHECK(servers.size() == 2);
        CHECK(hits > 0);
        const auto summary = read_summary(demo.output);
        CHECK(summary["handshakes"] == told.size());
        CHECK(summary["store"]["unjoined"] == 0);
        CHECK(summary["store"]["hits"] >= hits);
        CHECK(summary["dropped"] == 0);
    }
}

TEST_CASE("debug: packets that never end do not keep it from ending") {
    if (!may_capture()) {
        MESSAGE("this machine does not let the tests capture");
        return;
    }
    const RedisServer store;
    const Node node(directive(store), {});
    REQUIRE(node.connected());
    const TlsLoad load(node.address(), 2);
    for (const std::string limit : {"--seconds", "--count"}) {
        const auto ours = run({program(), "-i", "lo", "-p",
                               std::to_string(node.address().port), "--user",
                               "root", "--color=never", limit, "1"});
        CAPTURE(ours.output);
        CHECK(ours.status == 0);
        CHECK(ours.output.find("Summary") != std::string::npos);
        CHECK((ours.output.find("\n  1 handshake: ") != std::string::npos) ==
              (limit == "--count"));
    }
}

TEST_CASE("debug: neither it nor its tcpdump stays root") {
    if (!may_capture()) {
        MESSAGE("this machine does not let the tests capture");
        return;
    }
    Capturing ours({program(), "-i", "lo", "-p", "1"}, "capturing on");
    REQUIRE(ours.ready());
    const auto nobody = getpwnam("nobody")->pw_uid;
    const auto is_nobody = [&](pid_t pid) {
        const auto identity = identity_of(pid);
        return identity.real == nobody && identity.effective == nobody &&
               identity.saved == nobody;
    };
    CHECK(eventually([&] { return is_nobody(ours.pid()); }));
    CHECK(identity_of(ours.pid()).groups.empty());
    const auto children = children_of(ours.pid());
    REQUIRE(children.size() == 1);
    CHECK(children[0].command.find("tcpdump") != std::string::npos);
    CHECK(eventually([&] { return is_nobody(children[0].pid); }));
    ours.finish();
}

TEST_CASE("debug: a live run that nobody reads any more ends") {
    if (!may_capture()) {
        MESSAGE("this machine does not let the tests capture");
        return;
    }
    const auto live =
        run({"bash", "-c",
             quoted_program() + " -i lo -p 1 --user root | true; exit "
                                "${PIPESTATUS[0]}"});
    CHECK(live.status == 1);
    CHECK(live.output.find("nobody reads it") != std::string::npos);
    const auto whole =
        run({"bash", "-c",
             quoted_program() + " -i lo -p 1 --user root --seconds 1 | cat; "
                                "exit ${PIPESTATUS[0]}"});
    CHECK(whole.status == 0);
    CHECK(whole.output.find("Summary") != std::string::npos);
}

TEST_CASE("debug: what is wrong is said") {
    const auto missing = run({program(), "-r", "/nonexistent/file"});
    CHECK(missing.status == 1);
    CHECK(missing.output.find("No such file") != std::string::npos);
    if (geteuid() != 0) {
        const auto capture = run({program(), "-i", "lo"});
        CHECK(capture.status == 1);
        CHECK(capture.output.find("sudo") != std::string::npos);
    }
}

TEST_CASE("debug: a file's key is called as the status and the log call it") {
    const RedisServer redis;
    const KeyFiles keys;
    const Node node(directive(redis, keys.parameters("ab")), {});
    REQUIRE(node.connected());
    const auto told = node.figures()["keys"];
    REQUIRE(told.size() == 2);
    std::size_t nth = 0;
    for (const char letter : {'a', 'b'}) {
        const std::string id = told[nth++]["id"];
        const auto file = keys.file(letter);
        const auto printed = run({program(), "--key-id", file});
        CHECK(printed.status == 0);
        CHECK(printed.output.starts_with(id + "  "));
        CHECK(printed.output.ends_with(file + "\n"));
        CHECK(printed.output.size() == id.size() + file.size() + 3);
        CHECK(node.nginx().log_count("key " + id + " loaded") == 1);
    }
    CHECK(told[0]["id"] != told[1]["id"]);

    const TempDir dir;
    write_file(dir.path() / "short", "too short");
    const auto refused =
        run({program(), "--key-id", (dir.path() / "short").string()});
    CHECK(refused.status == 1);
    CHECK(refused.output.find("32, 48 or 80 bytes") != std::string::npos);
}
