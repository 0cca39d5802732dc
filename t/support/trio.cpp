#include "support/trio.hpp"
#include "support/process.hpp"

#include <doctest/doctest.h>

namespace support {

namespace fs = std::filesystem;

namespace {

std::string certificate() {
    const auto& pair = certificates().ecdsa;
    return "ssl_certificate \"" + pair.certificate.string() +
           "\";\nssl_certificate_key \"" + pair.key.string() +
           "\";\nssl_protocols TLSv1.2 TLSv1.3;\n";
}

}  // namespace

std::string load_protocol(const std::string& protocol, fs::path ours) {
    static const auto built = run({find_program("nginx"), "-V"}).output;
    const auto name = "ngx_" + protocol;
    fs::path own;
    if (built.find("--with-" + protocol + "=dynamic") != std::string::npos) {
        own = "/usr/lib/nginx/modules/" + name + "_module.so";
    }
    if (ours.empty() && !module_path().empty()) {
        ours = module_path().parent_path() /
               (name + "_ssl_session_cache_module.so");
    }
    return load_line(own) + load_line(ours);
}

std::string MailServer::block() const {
    return "server { listen " + port.address().text() +
           (starttls ? "; starttls on" : " ssl") + "; protocol " + protocol +
           "; }\n";
}

Trio::Trio(const std::string& directive) : Trio(directive, Options()) {}

Trio::Trio(const std::string& directive, const Options& options)
    : mail_{MailServer{"smtp", false, "QUIT\\r\\n"},
            MailServer{"smtp", true, "QUIT\\r\\n"},
            MailServer{"imap", true, "a LOGOUT\\r\\n"},
            MailServer{"pop3", true, "QUIT\\r\\n"},
            MailServer{"imap", false, "a LOGOUT\\r\\n"}},
      node_(directive, config(directive, options)) {
    REQUIRE(node_.connected());
}

NodeConfig Trio::config(const std::string& directive,
                        const Options& options) const {
    NodeConfig config;
    config.nginx.main =
        (options.modules.empty()
             ? load_protocol("stream") + load_protocol("mail")
             : options.modules) +
        "stream {\n" + directive + certificate() + options.stream +
        "server { listen " + stream_.address().text() +
        " ssl; return $answer; }\nserver { listen " +
        proxied_.address().text() +
        " ssl proxy_protocol; return $answer; }\n"
        "map $ssl_session_reused $answer { default "
        "\"$remote_ssl_session_cache_status $ssl_session_reused\"; }\n"
        "}\nmail {\n" +
        directive + certificate() + options.mail +
        "server_name localhost; auth_http 127.0.0.1:1/;\n";
    for (const auto& server : mail_) {
        config.nginx.main += server.block();
    }
    config.nginx.main += "}\n";
    return config;
}

bool Trio::suspended(std::size_t count) {
    return eventually(
        [&] { return node_.figures()["suspended"]["now"] == count; });
}

Answer visit_stream(const Address& address, const TlsOptions& options) {
    TlsClient client(address, options);
    client.handshake();
    auto text = client.read_to_end();
    client.socket().close();
    return {client.reused(), std::move(text),
            client.sessions().empty() ? nullptr : client.session()};
}

}  // namespace support
