// stream and mail: sessions go from node to node as those of http do, and all
// three share what a worker has.

#include "support/node.hpp"

#include <array>
#include <doctest/doctest.h>
#include <regex>

using namespace support;
namespace fs = std::filesystem;

namespace {

// nginx's own module, where it is a file, and ours.
std::string load(const std::string& protocol) {
    const auto own = "/usr/lib/nginx/modules/ngx_" + protocol + "_module.so";
    const auto ours = module_path().parent_path() /
                      ("ngx_" + protocol + "_ssl_session_cache_module.so");
    return (fs::exists(own) ? "load_module " + own + ";\n" : "") +
           "load_module \"" + ours.string() + "\";\n";
}

std::string certificate() {
    const auto& pair = certificates().ecdsa;
    return "ssl_certificate \"" + pair.certificate.string() +
           "\";\nssl_certificate_key \"" + pair.key.string() +
           "\";\nssl_protocols TLSv1.2 TLSv1.3;\n";
}

// A server of mail's, and how openssl s_client speaks with it.
struct MailServer {
    const char* protocol;
    bool starttls;
    const char* goodbye;
    ReservedPort port = ReservedPort();

    std::string block() const {
        return "server { listen " + port.address().text() +
               (starttls ? "; starttls on" : " ssl") + "; protocol " +
               protocol + "; }\n";
    }
};

// An nginx with http, stream and mail.
class Trio {
  public:
    explicit Trio(const std::string& directive, const std::string& more = "")
        : node_(directive, config(directive + more)) {
        REQUIRE(node_.connected());
    }

    Node& node() { return node_; }
    const Address& stream() const { return stream_.address(); }
    const Address& proxied() const { return proxied_.address(); }
    const std::array<MailServer, 5>& mail() const { return mail_; }

  private:
    NodeConfig config(const std::string& directive) {
        NodeConfig config;
        config.nginx.main =
            load("stream") + load("mail") + "stream {\n" + directive +
            certificate() + "server { listen " + stream_.address().text() +
            " ssl; return $answer; }\nserver { listen " +
            proxied_.address().text() +
            " ssl proxy_protocol; return $answer; }\n"
            "map $ssl_session_reused $answer { default "
            "\"$remote_ssl_session_cache_status $ssl_session_reused\"; }\n"
            "}\nmail {\n" +
            directive + certificate() +
            "server_name localhost; auth_http 127.0.0.1:1/;\n";
        for (const auto& server : mail_) {
            config.nginx.main += server.block();
        }
        config.nginx.main += "}\n";
        return config;
    }

    ReservedPort stream_;
    ReservedPort proxied_;
    std::array<MailServer, 5> mail_{
        MailServer{"smtp", false, "QUIT\\r\\n"},
        MailServer{"smtp", true, "QUIT\\r\\n"},
        MailServer{"imap", true, "a LOGOUT\\r\\n"},
        MailServer{"pop3", true, "QUIT\\r\\n"},
        MailServer{"imap", false, "a LOGOUT\\r\\n"}};
    Node node_;
};

// A visit to a server of stream's, which answers and closes. It says no
// goodbye: when that of a client comes while nginx says its own, OpenSSL takes
// the session for a bad one, also in nginx's own cache.
struct Answer {
    bool reused;
    std::string text;
    Session session;
};

Answer visit(const Address& address, const TlsOptions& options) {
    TlsClient client(address, options);
    client.handshake();
    auto text = client.read_to_end();
    client.socket().close();
    return {client.reused(), std::move(text),
            client.sessions().empty() ? nullptr : client.session()};
}

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

}  // namespace

STORE_TEST_CASE("stream: a session resumes at the other node") {
    Server store;
    Trio a(directive(store));
    Trio b(directive(store));
    for (auto options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        const auto made = visit(a.stream(), options);
        CHECK(made.text == "- .");
        options.session = made.session;
        REQUIRE(wait_stored(store, options.session));
        const auto again = visit(b.stream(), options);
        CHECK(again.reused);
        CHECK(again.text == "HIT r");
        // With a PROXY header before the ClientHello.
        auto proxied = options;
        proxied.preamble = "PROXY TCP4 192.0.2.7 192.0.2.8 1 443\r\n";
        CHECK(visit(b.proxied(), proxied).text == "HIT r");
        store.erase("ngx_ssl:" + session_id(options.session));
        CHECK(visit(b.stream(), options).text == "MISS .");
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
    options.session = visit(trio.stream(), options).session;
    REQUIRE(wait_stored(redis, options.session));
    CHECK(visit(trio.stream(), options).reused);
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
        options.session = visit(trio.stream(), options).session;
        REQUIRE(wait_stored(store, options.session));
        waiting.emplace_back(trio.stream(), options);
    }
    store.freeze();
    for (auto& client : waiting) {
        client.step();
    }
    const auto suspended = [&](std::size_t count) {
        return eventually(
            [&] { return trio.node().figures()["suspended"]["now"] == count; });
    };
    CHECK(suspended(3));
    CHECK(visit(trio.stream(), tls13()).text == "- .");
    CHECK_FALSE(trio.node().get(tls12()).body().empty());
    // One goes away meanwhile.
    waiting.pop_back();
    store.thaw();
    CHECK(handshake_all(waiting) == waiting.size());
    for (auto& client : waiting) {
        CHECK(client.reused());
        CHECK(client.read_to_end() == "HIT r");
    }
    CHECK(suspended(0));
}

TEST_CASE("stream and mail: the store times out, the handshake does not") {
    RedisServer redis;
    Trio trio(directive(redis, "timeout=300 interval=60s"));
    const TempDir dir;
    const auto& smtp = trio.mail().at(1);
    CHECK_FALSE(resumes(smtp, smtp.port.address(), "tls1_2", "-sess_out",
                        dir.path() / "smtp"));
    auto options = tls12();
    options.session = visit(trio.stream(), options).session;
    REQUIRE(wait_stored(redis, options.session));
    redis.freeze();
    CHECK(visit(trio.stream(), options).text == "TIMEOUT .");
    CHECK_FALSE(resumes(smtp, smtp.port.address(), "tls1_2", "-sess_in",
                        dir.path() / "smtp"));
    redis.thaw();
}

TEST_CASE("stream and mail: what is wrong is told with file and line") {
    for (const std::string protocol : {"stream", "mail"}) {
        for (const std::string wrong : {"port=x", "nonsense=1"}) {
            CAPTURE(wrong);
            NginxConfig config;
            config.main = load("stream") + load("mail") + protocol +
                          " {\nremote_ssl_session_cache " + wrong + ";\n}\n";
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
            load("stream") + load("mail") + protocol + " {\nserver { listen " +
            port.address().text() + "; " + directive(redis) +
            (protocol == "mail" ? " protocol smtp; auth_http 127.0.0.1:1/; "
                                  "server_name x; }\n}\n"
                                : " return x; }\n}\n");
        const auto tested = NginxPrefix(config).test();
        CAPTURE(tested.output);
        CHECK(tested.status == 0);
        CHECK(count_lines(tested.output, "in a server without \"listen") == 1);
    }
}
