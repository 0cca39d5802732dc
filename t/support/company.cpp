#include "support/company.hpp"

namespace support {

const std::vector<Way> ways = {
    {"TLS 1.2", TLS1_2_VERSION, "P-256"},
    {"TLS 1.3", TLS1_3_VERSION, "P-256"},
    {"TLS 1.3, HelloRetryRequest", TLS1_3_VERSION, "X25519:P-256"},
};
const char* const retry_curve = "ssl_ecdh_curve prime256v1;";

std::string named_block(const NamedServer& server, const Address& address) {
    std::string text = "server {\n    listen " + address.text() + " ssl;\n" +
                       "    server_name " + server.name + ";\n";
    if (server.certificate) {
        text += "    ssl_certificate \"" +
                server.certificate->certificate.string() + "\";\n" +
                "    ssl_certificate_key \"" +
                server.certificate->key.string() + "\";\n";
    }
    return text + "    ssl_protocols TLSv1.2 TLSv1.3;\n    " + retry_curve +
           "\n    " + server.lines +
           "\n    location / { return 200 \"$server_name $ssl_client_verify\"; "
           "}\n}\n";
}

std::string company(const std::vector<NamedServer>& servers,
                    const Address& address) {
    std::string text;
    for (const auto& server : servers) {
        text += named_block(server, address);
    }
    return text;
}

Exchange visit(const Address& address, const std::string& name, const Way& way,
               const Session& session, bool has_certificate) {
    TlsOptions options;
    options.min_version = way.version;
    options.max_version = way.version;
    options.groups = way.groups;
    options.server_name = name;
    options.session = session;
    options.certificate = has_certificate ? &certificates().client : nullptr;
    return get(address, options);
}

}  // namespace support
