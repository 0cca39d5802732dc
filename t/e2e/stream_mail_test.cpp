// stream and mail: sessions go from node to node as in http, and all three
// share what a worker has.

#include "support/trio.hpp"

#include <doctest/doctest.h>
#include <poll.h>
#include <regex>

using namespace support;
namespace fs = std::filesystem;

namespace {

// OpenSSL's own client, with its session in a file. It has to wait for the
// server's greeting, which with STARTTLS comes before the handshake.
const char* const client = R"(
fifo=$1 goodbye=$2 starttls=$3
shift 3
mkfifo "$fifo"
exec 3<>"$fifo"
[ -z "$starttls" ] || printf "$goodbye" >&3
openssl s_client -ign_eof $starttls "$@" <"$fifo" 2>&1 |
    while IFS= read -r line; do
        printf '%s\n' "$line"
        case $line in
        '220 '* | '* OK '*) printf "$goodbye" >&3 ;;
        esac
    done
rm "$fifo"
)";

bool resumes(const MailServer& server, const Address& address,
             const std::string& protocol, const std::string& option,
             const fs::path& file) {
    const auto done = run(
        {"sh", "-c", client, "sh", file.string() + ".fifo", server.goodbye,
         server.starttls ? std::string("-starttls ") + server.protocol : "",
         "-connect", address.text(), "-" + protocol, option, file.string()});
    CAPTURE(done.output);
    CHECK(done.status == 0);
    const bool reused = done.output.find("\nReused, TLS") != std::string::npos;
    CHECK(reused != (done.output.find("\nNew, TLS") != std::string::npos));
    return reused;
}

std::string read_line(TlsClient& client) {
    std::string line;
    while (!line.ends_with("\r\n")) {
        REQUIRE(
            wait_for(client.socket().fd(), POLLIN, Clock::now() + patience));
        const auto more = receive_some(client.socket().fd());
        REQUIRE(!more.empty());
        line += more;
    }
    return line;
}

// A client at the IMAP server with STARTTLS.
TlsClient begin_imap(const Trio& trio, const TlsOptions& options) {
    TlsClient client(trio.mail().at(2).port.address(), options);
    CHECK(read_line(client).starts_with("* OK"));
    return client;
}

// The client speaks TLS from its next step on.
void ask_for_tls(TlsClient& client) {
    client.socket().write("a STARTTLS\r\n");
    CHECK(read_line(client).starts_with("a OK"));
}

TlsClient start_tls(const Trio& trio, const TlsOptions& options) {
    auto client = begin_imap(trio, options);
    ask_for_tls(client);
    return client;
}

Session make_starttls_session(const Trio& trio, const TlsOptions& options) {
    auto client = start_tls(trio, options);
    client.handshake();
    client.write("a LOGOUT\r\n");
    client.read_to_end();
    return client.session();
}

// Gives `options` a session and freezes the store, for which the client's
// lookup waits.
TlsClient suspend_starttls(Trio& trio, StoreServer& store,
                           TlsOptions& options) {
    options.session = make_starttls_session(trio, options);
    REQUIRE(wait_stored(store, options.session));
    store.freeze();
    auto client = start_tls(trio, options);
    CHECK_FALSE(client.step());
    CHECK(trio.suspended(1));
    return client;
}

// A module whose symbols have the version of another build.
std::string of_another_build(std::string module) {
    const std::string version = "SSL_SESSION_CACHE_";
    std::size_t found = 0;
    for (auto at = module.find(version); at != std::string::npos;
         at = module.find(version, at + 1)) {
        char& digit = module.at(at + version.size());
        digit = digit == '9' ? '8' : '9';
        ++found;
    }
    CHECK(found > 0);
    return module;
}

}  // namespace

STORE_TEST_CASE("stream: a session resumes at the other node") {
    Server store;
    Trio a(directive(store));
    Trio b(directive(store));
    for (auto options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        const auto made = visit_stream(a.stream(), options);
        CHECK(made.text == "- .");
        options.session = made.session;
        REQUIRE(wait_stored(store, options.session));
        const auto again = visit_stream(b.stream(), options);
        CHECK(again.reused);
        CHECK(again.text == "HIT r");
        // With a PROXY header before the ClientHello.
        auto proxied = options;
        proxied.preamble = "PROXY TCP4 192.0.2.7 192.0.2.8 1 443\r\n";
        CHECK(visit_stream(b.proxied(), proxied).text == "HIT r");
        store.erase("ngx_ssl:" + session_id(options.session));
        CHECK(visit_stream(b.stream(), options).text == "MISS .");
    }
}

STORE_TEST_CASE("mail: a session resumes at the other node") {
    Server store;
    Trio a(directive(store));
    Trio b(directive(store));
    const TempDir dir;
    for (std::size_t i = 0; i < a.mail().size(); ++i) {
        const auto& server = a.mail()[i];
        CAPTURE(std::string(server.protocol));
        CAPTURE(server.starttls);
        for (const std::string protocol : {"tls1_2", "tls1_3"}) {
            CAPTURE(protocol);
            const auto file = dir.path() / (protocol + std::to_string(i));
            const auto before = store.keys().size();
            CHECK_FALSE(resumes(server, server.port.address(), protocol,
                                "-sess_out", file));
            REQUIRE(eventually([&] { return store.keys().size() > before; }));
            CHECK(resumes(b.mail()[i], b.mail()[i].port.address(), protocol,
                          "-sess_in", file));
        }
    }
}

TEST_CASE("http, stream and mail share a client of the store, and figures") {
    RedisServer redis;
    Trio trio(directive(redis));
    CHECK(connected_clients(redis) == 1);
    auto options = tls12();
    options.session = visit_stream(trio.stream(), options).session;
    REQUIRE(wait_stored(redis, options.session));
    CHECK(visit_stream(trio.stream(), options).reused);
    options.session = trio.node().get(tls12()).session();
    REQUIRE(wait_stored(redis, options.session));
    CHECK(trio.node().get(options).reused);
    CHECK(eventually([&] {
        const auto figures = trio.node().figures();
        return figures["handshakes"]["full"] == 2 &&
               figures["handshakes"]["resumed_from_store"] == 2;
    }));
    const auto figures = trio.node().figures();
    CHECK(figures["servers"].size() == 1);
    CHECK(figures["servers"][0]["connects"] == 1);

    trio.node().nginx().reload();
    REQUIRE(trio.node().nginx().settled());
    CHECK(wait_clients(redis, 1));
    CHECK(trio.node().figures()["handshakes"]["full"] == 2);
}

STORE_TEST_CASE("stream: a frozen store keeps nobody else waiting") {
    Server store;
    Trio trio(directive(store));
    std::vector<TlsClient> waiting;
    for (const auto& kind : {tls12(), tls13(), tls12()}) {
        auto options = kind;
        options.session = visit_stream(trio.stream(), options).session;
        REQUIRE(wait_stored(store, options.session));
        waiting.emplace_back(trio.stream(), options);
    }
    store.freeze();
    for (auto& client : waiting) {
        client.step();
    }
    CHECK(trio.suspended(3));
    CHECK(visit_stream(trio.stream(), tls13()).text == "- .");
    CHECK_FALSE(trio.node().get(tls12()).body().empty());
    // One client leaves meanwhile.
    waiting.pop_back();
    store.thaw();
    CHECK(handshake_all(waiting) == waiting.size());
    for (auto& client : waiting) {
        CHECK(client.reused());
        CHECK(client.read_to_end() == "HIT r");
    }
    CHECK(trio.suspended(0));
}

TEST_CASE("stream: ssl_preread passes the handshake on") {
    RedisServer redis;
    const ReservedPort front;
    const Node behind(directive(redis), {});
    REQUIRE(behind.connected());
    Trio trio(directive(redis),
              {"server { listen " + front.address().text() +
                   "; ssl_preread on; proxy_pass $backend; }\n"
                   "map $ssl_preread_server_name $backend { web.example " +
                   behind.address().text() + "; }\n",
               ""});
    for (auto options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        options.server_name = "web.example";
        options.session = get(front.address(), options).session();
        REQUIRE(wait_stored(redis, options.session));
        CHECK(get(front.address(), options).reused);
        CHECK(behind.get(options).reused);
    }
}

STORE_TEST_CASE("mail: a client that goes while its STARTTLS is suspended") {
    Server store;
    Trio trio(directive(store));
    for (auto options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        auto client = suspend_starttls(trio, store, options);
        client.socket().close();
        CHECK_FALSE(trio.node().get(tls12()).body().empty());
        store.thaw();
        CHECK(trio.suspended(0));
        auto again = start_tls(trio, options);
        again.handshake();
        CHECK(again.reused() == !minds_unexpected_eof());
    }
}

STORE_TEST_CASE("mail: a reload leaves a suspended STARTTLS alone") {
    Server store;
    Trio trio(directive(store));
    auto options = tls12();
    auto client = suspend_starttls(trio, store, options);
    trio.node().nginx().reload();
    CHECK_FALSE(client.step());
    store.thaw();
    client.handshake();
    CHECK(client.reused());
    client.write("a LOGOUT\r\n");
    CHECK(client.read_to_end().find("a OK") != std::string::npos);
    CHECK(trio.node().nginx().settled());
}

// A worker that is to exit has left the store, but connects again for this.
STORE_TEST_CASE("mail: STARTTLS after a reload asks the store again") {
    Server store;
    Trio trio(directive(store));
    REQUIRE(trio.node().connected());
    const int before = count_clients(store);
    for (auto options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        options.session = make_starttls_session(trio, options);
        REQUIRE(wait_stored(store, options.session));
        auto client = begin_imap(trio, options);
        trio.node().nginx().reload();
        CHECK(settles_at(store, before));

        ask_for_tls(client);
        client.handshake();
        CHECK(client.reused());
        client.write("a LOGOUT\r\n");
        CHECK(client.read_to_end().find("a OK") != std::string::npos);
        REQUIRE(trio.node().nginx().settled());
        CHECK(settles_at(store, before));
    }
}

TEST_CASE("stream and mail: files of other builds work each for itself") {
    RedisServer redis;
    const TempDir dir;
    const auto other = dir.path() / "stream.so";
    write_file(other, of_another_build(
                          read_file(module_path().parent_path() /
                                    "ngx_stream_ssl_session_cache_module.so")));
    Trio trio(directive(redis), {.modules = load_protocol("stream", other) +
                                            load_protocol("mail")});
    CHECK(wait_clients(redis, 2));
    for (auto options : {tls12(), tls13()}) {
        options.session = visit_stream(trio.stream(), options).session;
        REQUIRE(wait_stored(redis, options.session));
        CHECK(visit_stream(trio.stream(), options).text == "HIT r");
        options.session = trio.node().get(options).session();
        REQUIRE(wait_stored(redis, options.session));
        CHECK(trio.node().get(options).reused);
    }
}

TEST_CASE("stream and mail: the store times out, the handshake does not") {
    RedisServer redis;
    Trio trio(directive(redis, "timeout=300 interval=60s"));
    const TempDir dir;
    const auto& smtp = trio.mail().at(1);
    CHECK_FALSE(resumes(smtp, smtp.port.address(), "tls1_2", "-sess_out",
                        dir.path() / "smtp"));
    auto options = tls12();
    options.session = visit_stream(trio.stream(), options).session;
    REQUIRE(wait_stored(redis, options.session));
    redis.freeze();
    CHECK(visit_stream(trio.stream(), options).text == "TIMEOUT .");
    CHECK_FALSE(resumes(smtp, smtp.port.address(), "tls1_2", "-sess_in",
                        dir.path() / "smtp"));
    redis.thaw();
}

TEST_CASE("stream and mail: what is wrong is told with file and line") {
    for (const std::string protocol : {"stream", "mail"}) {
        for (const std::string wrong : {"port=x", "nonsense=1"}) {
            CAPTURE(wrong);
            NginxConfig config;
            config.main = load_protocol("stream") + load_protocol("mail");
            config.main.append(protocol)
                .append(" {\nremote_ssl_session_cache ")
                .append(wrong)
                .append(";\n}\n");
            const auto tested = NginxPrefix(config).test();
            CAPTURE(tested.output);
            CHECK(tested.status != 0);
            CHECK(count_lines(tested.output, "[emerg]") == 1);
            CHECK(std::regex_search(tested.output,
                                    std::regex(R"(nginx\.conf:\d+)")));
        }
    }
}

TEST_CASE("stream and mail: without TLS the directive is warned of") {
    RedisServer redis;
    for (const std::string protocol : {"stream", "mail"}) {
        CAPTURE(protocol);
        const ReservedPort port;
        NginxConfig config;
        config.main =
            load_protocol("stream") + load_protocol("mail") + protocol +
            " {\nserver { listen " + port.address().text() + "; " +
            directive(redis) +
            (protocol == "mail" ? " protocol smtp; auth_http 127.0.0.1:1/; "
                                  "server_name x; }\n}\n"
                                : " return x; }\n}\n");
        const auto tested = NginxPrefix(config).test();
        CAPTURE(tested.output);
        CHECK(tested.status == 0);
        CHECK(count_lines(tested.output, "in a server without \"listen") == 1);
    }
}
