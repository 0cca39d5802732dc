// Sealed sessions: the key files, who can read whose sessions, and how keys are
// replaced.

#include "support/key_files.hpp"
#include "support/node.hpp"
#include "support/tls_load.hpp"

#include <algorithm>
#include <doctest/doctest.h>

using namespace support;
namespace fs = std::filesystem;

namespace {

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

// nginx -t of a directive with these parameters.
Finished test(const std::string& parameters) {
    const ReservedPort port;
    NginxConfig config;
    config.http = "remote_ssl_session_cache" + parameters + ";\n" +
                  server_block({}, port.address());
    return NginxPrefix(config).test();
}

void check_refused(const std::string& parameters, const std::string& why) {
    const auto tested = test(parameters);
    CAPTURE(tested.output);
    CHECK(tested.status != 0);
    CHECK(count_lines(tested.output, "[emerg]") == 1);
    CHECK(contains(tested.output, why));
    CHECK(contains(tested.output, "/nginx.conf:"));
}

// The directive of a node with these keys, by their letters.
std::string with_keys(const StoreServer& store, const KeyFiles& files,
                      const std::string& letters,
                      const std::string& parameters = "timeout=60s") {
    return directive(store, parameters + files.parameters(letters));
}

// Makes a session at `from` that is sealed with `letter`. Returns whether it
// resumes at `to`.
bool roams(const StoreServer& store, const Node& from, char letter,
           const Node& to, TlsOptions options) {
    options.session = from.get(options).session();
    REQUIRE(eventually(
        [&] { return store.exists(KeyFiles::name(letter, options.session)); }));
    return to.get(options).reused;
}

void check_both_ways(const StoreServer& store, const Node& a, char letter_of_a,
                     const Node& b, char letter_of_b) {
    for (const auto& options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        CHECK(roams(store, a, letter_of_a, b, options));
        CHECK(roams(store, b, letter_of_b, a, options));
    }
}

NodeConfig with_http(const std::string& http) {
    NodeConfig config;
    config.http = http;
    return config;
}

}  // namespace

TEST_CASE("key files that cannot be used are refused") {
    const KeyFiles files;
    const auto key = [&](char letter) {
        return " \"key=" + files.file(letter) + '"';
    };
    check_refused(key('n'), "open() failed (2: No such file or directory)");
    check_refused(" \"key=" + fs::path(files.file('a')).parent_path().string() +
                      '"',
                  "not a regular file");
    check_refused(files.parameters("aa"), "duplicate key in");

    fs::copy_file(files.file('a'), files.file('b'));
    check_refused(key('a') + key('b'), "duplicate key in");
    for (const int size : {0, 1, 16, 31, 33, 47, 49, 79}) {
        write_file(files.file('s'), std::string(size, 'x'));
        check_refused(key('s'), "must be of 32, 48 or 80 bytes");
    }
    for (const int size : {81, 1000}) {
        write_file(files.file('s'), std::string(size, 'x'));
        check_refused(key('s'), "longer than 80 bytes");
    }
    for (const std::size_t size : {32, 48, 80}) {
        std::string half(size, '\0');
        half.replace(0, 6, "123456");
        std::string pattern;
        while (pattern.size() < size) {
            pattern += "abcdefg";
        }
        for (const auto& bytes :
             {std::string(size, '\0'), std::string(size, 'x'), half,
              pattern.substr(0, size)}) {
            write_file(files.file('s'), bytes);
            check_refused(key('s'), "is not random");
        }
    }
    check_refused(" key=", "parameter \"key\"");
}

TEST_CASE("a key that tickets are made with, too, is warned of") {
    const KeyFiles files;
    const auto parameters = files.parameters("ab");
    fs::copy_file(files.file('b'), files.file('c'));
    fs::create_symlink(files.file('a'), files.file('l'));
    write_file(files.file('d'), KeyFiles::content('d'));
    for (const auto& each :
         {std::pair('a', 1U), {'b', 1U}, {'c', 1U}, {'l', 1U}, {'d', 0U}}) {
        const char letter = each.first;
        const auto warned = each.second;
        CAPTURE(letter);
        const auto tested =
            test(parameters + " tickets=keep;\n" + "ssl_session_ticket_key \"" +
                 files.file(letter) + '"');
        CAPTURE(tested.output);
        CHECK(tested.status == 0);
        CHECK(count_lines(tested.output, "[warn]") == warned);
        CHECK(count_lines(tested.output, "is a \"ssl_session_ticket_key\"") ==
              warned);
    }
}

TEST_CASE("key files are looked for as nginx looks for certificates") {
    NginxConfig config;
    const ReservedPort port;
    config.http = "remote_ssl_session_cache key=secret/a.key;\n" +
                  server_block({}, port.address());
    const NginxPrefix prefix(config);
    const auto dir = prefix.config_file().parent_path() / "secret";
    fs::create_directories(dir);
    write_file(dir / "a.key", KeyFiles::content('a').substr(0, 48));
    fs::permissions(dir / "a.key", fs::perms::owner_read);
    const auto tested = prefix.test();
    CAPTURE(tested.output);
    CHECK(tested.status == 0);
}

TEST_CASE("a key file that others can read is warned of") {
    const KeyFiles files;
    const auto parameters = files.parameters("a");
    CHECK(count_lines(test(parameters).output, "[warn]") == 0);
    fs::permissions(files.file('a'), fs::perms::others_read,
                    fs::perm_options::add);
    const auto tested = test(parameters);
    CHECK(tested.status == 0);
    CHECK(count_lines(tested.output, "[warn]") == 1);
    CHECK(contains(tested.output, "others can read it"));
    CHECK(contains(tested.output, "/nginx.conf:"));
}

TEST_CASE("that sessions are not sealed is said once") {
    const ReservedPort first;
    const ReservedPort second;
    NginxConfig config;
    config.http = "remote_ssl_session_cache on;\n" +
                  server_block({}, first.address()) +
                  server_block({}, second.address());
    const auto tested = NginxPrefix(config).test();
    CAPTURE(tested.output);
    CHECK(tested.status == 0);
    CHECK(count_lines(tested.output, "[warn]") == 1);
    CHECK(contains(tested.output, "without \"key\" does not seal sessions"));
}

TEST_CASE("each key that is loaded is told once for each configuration") {
    const KeyFiles files;
    const RedisServer redis;
    NodeConfig config;
    config.nginx.workers = 2;
    // A second server with the same keys.
    const ReservedPort port;
    config.http = server_block(config, port.address());
    Node node(with_keys(redis, files, "ab"), config);
    for (const char letter : {'a', 'b'}) {
        CHECK(node.nginx().log_count("loaded from \"" + files.file(letter)) ==
              1);
    }
    node.nginx().reload();
    CHECK(node.nginx().log_count(" loaded from ") == 4);
    const auto tested = test(files.parameters("ab"));
    CHECK_FALSE(contains(tested.output, " loaded from "));
}

STORE_TEST_CASE("a password from a file") {
    const KeyFiles files;
    const auto path = files.file('p');
    CHECK_FALSE(contains(test(" type=redis \"auth=file:" + path + '"').output,
                         "successful"));
    for (const auto* content : {"", "\n"}) {
        write_file(path, content);
        check_refused(" \"auth=file:" + path + '"',
                      "has to be of one line, which is the password");
    }
    write_file(path, std::string(5000, 'x'));
    check_refused(" \"auth=file:" + path + '"', "longer than 4096 bytes");
}

TEST_CASE("a password from a file opens a Redis") {
    const KeyFiles files;
    for (const auto* content : {"secret", "secret\n", "default:secret\r\n"}) {
        CAPTURE(std::string(content));
        const RedisServer redis({"--requirepass", "secret"}, {"secret"});
        write_file(files.file('p'), content);
        Node node(directive(redis, "\"auth=file:" + files.file('p') + '"'), {});
        CHECK(node.connected());
    }
}

STORE_TEST_CASE("sealed sessions resume on every node with the key") {
    const KeyFiles files;
    Server store;
    Node a(with_keys(store, files, "a"), {});
    Node b(with_keys(store, files, "a"), {});
    REQUIRE(a.connected());
    REQUIRE(b.connected());
    check_both_ways(store, a, 'a', b, 'a');
    for (const auto& key : store.keys()) {
        if (key == "ngx_ssl:keys") {  // see fleet_keys_test.cpp
            continue;
        }
        CHECK(key.size() == std::string("ngx_ssl:").size() + 64);
        CHECK(store.get(key).value()[0] == '\x04');
    }
}

STORE_TEST_CASE("sealed sessions go through the local cache as others do") {
    const KeyFiles files;
    Server store;
    Fleet fleet(store, shared_cache(), "timeout=60s" + files.parameters("a"));
    for (auto options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        options.session = fleet.a.get(options).session();
        REQUIRE(eventually([&] {
            return store.exists(KeyFiles::name('a', options.session));
        }));
        CHECK(fleet.b.get(options).reused);
        store.flush();
        CHECK(fleet.a.get(options).reused);
        CHECK(fleet.b.get(options).reused);
    }
}

STORE_TEST_CASE("nodes without a common key have no common sessions") {
    const KeyFiles files;
    Server store;
    Node a(with_keys(store, files, "a"), {});
    Node b(with_keys(store, files, "b"), {});
    Node unsealed(directive(store), {});
    for (const auto* node : {&a, &b, &unsealed}) {
        REQUIRE(node->connected());
    }
    for (const auto& options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        CHECK_FALSE(roams(store, a, 'a', b, options));
        CHECK_FALSE(roams(store, b, 'b', a, options));
        CHECK_FALSE(roams(store, a, 'a', unsealed, options));
        auto back = options;
        back.session = unsealed.get(options).session();
        REQUIRE(wait_stored(store, back.session));
        CHECK_FALSE(a.get(back).reused);
    }
}

STORE_TEST_CASE("a session that went bad is removed under every key's name") {
    const KeyFiles files;
    Server store;
    Node node(with_keys(store, files, "ab"), {});
    REQUIRE(node.connected());
    const auto session = node.get(tls12()).session();
    const auto own = KeyFiles::name('a', session);
    const auto other = KeyFiles::name('b', session);
    REQUIRE(eventually([&] { return store.exists(own); }));
    store.set(other, "whatever");
    spoil(node, session);
    CHECK(
        eventually([&] { return !store.exists(own) && !store.exists(other); }));
}

STORE_TEST_CASE("keys are replaced without losing a session") {
    struct Step {
        const char* a;
        const char* b;
        char seals_at_a;
        char seals_at_b;
    };
    const Step steps[] = {
        {"a", "a", 'a', 'a'},   {"ab", "a", 'a', 'a'},  {"ab", "ab", 'a', 'a'},
        {"ba", "ab", 'b', 'a'}, {"ba", "ba", 'b', 'b'},
    };
    constexpr int clients = 4;
    const KeyFiles files;
    Server store;
    Node a(with_keys(store, files, "a"), {});
    Node b(with_keys(store, files, "a"), {});
    const auto reload = [&](Node& node, const char* letters) {
        node.reload(with_http(with_keys(store, files, letters)));
        CHECK(node.nginx().settled());
    };
    const auto is_stored = [&](const Session& session) {
        return store.exists(KeyFiles::name('a', session)) ||
               store.exists(KeyFiles::name('b', session));
    };
    REQUIRE(a.connected());
    REQUIRE(b.connected());

    TlsLoad load({a.address(), b.address()}, clients, is_stored);
    CHECK(load.resumes());
    for (const auto& step : steps) {
        CAPTURE(std::string(step.a) + ", " + step.b);
        reload(a, step.a);
        reload(b, step.b);
        check_both_ways(store, a, step.seals_at_a, b, step.seals_at_b);
        CHECK(load.resumes(50));
    }
    auto tally = load.stop();
    CAPTURE(tally.text());
    CHECK(tally.full == clients);
    CHECK(tally.failed() == 0);

    // Once no session of the old key is alive any more, the key goes.
    TlsLoad later({a.address(), b.address()}, clients, is_stored);
    CHECK(later.resumes());
    reload(a, "b");
    CHECK(later.resumes(50));
    reload(b, "b");
    CHECK(later.resumes(50));
    tally = later.stop();
    CAPTURE(tally.text());
    CHECK(tally.full == clients);
    CHECK(tally.failed() == 0);
}
