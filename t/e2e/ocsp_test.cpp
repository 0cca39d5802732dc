// ssl_ocsp suspends a handshake, too: nginx asks a responder about the
// client's certificate, on a new connection and on a resumed one.

#include "support/node.hpp"

#include <doctest/doctest.h>

using namespace support;

namespace {

// An OCSP responder: one signed answer, handed out by an nginx.
class Responder {
  public:
    // `status` is as in the index of openssl-ca(1): valid or revoked.
    explicit Responder(const std::string& status)
        : answer_(sign(status)), node_(serve(port_.address())) {}

    const Address& address() const { return port_.address(); }

  private:
    std::filesystem::path sign(const std::string& status) const {
        const auto& ca = certificates().client_ca;
        const auto& dir = dir_.path();
        const auto serial =
            run({"openssl", "x509", "-in", client(), "-noout", "-serial"})
                .output;
        const auto index = dir / "index.txt";
        const std::string revoked = status == "revoked" ? "200101000000Z" : "";
        write_file(index, (revoked.empty() ? "V" : "R") +
                              ("\t491231235959Z\t" + revoked + "\t") +
                              serial.substr(7, serial.find('\n') - 7) +
                              "\tunknown\t/CN=client\n");
        const auto made =
            run({"openssl", "ocsp", "-index", index.string(), "-CA",
                 ca.certificate.string(), "-rsigner", ca.certificate.string(),
                 "-rkey", ca.key.string(), "-issuer", ca.certificate.string(),
                 "-cert", client(), "-ndays", "1", "-respout",
                 (dir / "answer").string()});
        INFO(made.output);
        REQUIRE(made.status == 0);
        return dir / "answer";
    }

    static std::string client() {
        return certificates().client.certificate.string();
    }

    NodeConfig serve(const Address& address) const {
        NodeConfig config;
        config.nginx.load_module = false;
        config.http = "server { listen " + address.text() + "; root \"" +
                      dir_.path().string() +
                      "\"; types { } default_type application/ocsp-response;"
                      " location / { rewrite ^ /answer break; } }";
        return config;
    }

    TempDir dir_;
    ReservedPort port_;
    std::filesystem::path answer_;
    Node node_;
};

NodeConfig validating(const Address& responder) {
    NodeConfig config;
    config.server = "ssl_verify_client on; ssl_client_certificate \"" +
                    certificates().client_ca.certificate.string() +
                    "\"; ssl_ocsp on; ssl_ocsp_responder http://" +
                    responder.text() + "/;";
    config.response = "200 \"$ssl_client_verify $ssl_session_reused\"";
    return config;
}

TlsOptions with_certificate(TlsOptions options) {
    options.certificate = &certificates().client;
    return options;
}

}  // namespace

TEST_CASE("a client with a good certificate resumes") {
    if (!has_directive("ssl_ocsp")) {
        return;
    }
    const Responder responder("valid");
    RedisServer redis;
    Fleet fleet(redis, validating(responder.address()));
    for (auto options :
         {with_certificate(tls12()), with_certificate(tls13())}) {
        CAPTURE(options.max_version);
        const auto made = fleet.a.get(options);
        CHECK(made.body() == "SUCCESS .");
        options.session = made.session();
        REQUIRE(wait_stored(redis, options.session));
        CHECK(fleet.b.get(options).body() == "SUCCESS r");
    }
}

TEST_CASE("a client whose lookup was slow is validated as well") {
    if (!has_directive("ssl_ocsp")) {
        return;
    }
    const Responder responder("valid");
    RedisServer redis;
    Fleet fleet(redis, validating(responder.address()));
    for (auto options :
         {with_certificate(tls12()), with_certificate(tls13())}) {
        CAPTURE(options.max_version);
        options.session = fleet.make(options);
        redis.freeze();
        TlsClient client(fleet.b.address(), options);
        CHECK_FALSE(client.step());
        REQUIRE(eventually([&] { return fleet.b.active() == 1; }));
        redis.thaw();
        client.handshake();
        CHECK(exchange(client).body() == "SUCCESS r");
    }
}

TEST_CASE("a revoked certificate is refused on a resumed connection, too") {
    if (!has_directive("ssl_ocsp")) {
        return;
    }
    const Responder responder("revoked");
    RedisServer redis;
    Fleet fleet(redis, validating(responder.address()));
    for (auto options :
         {with_certificate(tls12()), with_certificate(tls13())}) {
        CAPTURE(options.max_version);
        for (const auto* node : {&fleet.a, &fleet.b}) {
            const auto visit = node->get(options);
            CHECK(visit.response.find("400 Bad Request") != std::string::npos);
            if (!options.session && !visit.sessions.empty()) {
                options.session = visit.session();
            }
        }
    }
}

TEST_CASE("a responder that is away is no business of ours") {
    if (!has_directive("ssl_ocsp")) {
        return;
    }
    const ReservedPort nobody;
    RedisServer redis;
    Fleet fleet(redis, validating(nobody.address()));
    for (auto options :
         {with_certificate(tls12()), with_certificate(tls13())}) {
        CAPTURE(options.max_version);
        for (const auto* node : {&fleet.a, &fleet.b}) {
            const auto visit = node->get(options);
            CHECK(visit.response.find("400 Bad Request") != std::string::npos);
        }
    }
    CHECK(fleet.b.idle());
}
