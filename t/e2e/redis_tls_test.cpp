// Nodes that reach their Redis over TLS.

#include "support/node.hpp"
#include "support/tls_redis.hpp"

#include <doctest/doctest.h>
#include <string>

using namespace support;

namespace {

std::string with_client_certificate(const KeyPair& pair) {
    return "\"tls_cert=" + pair.certificate.string() +
           "\" \"tls_cert_key=" + pair.key.string() + "\"";
}

void check_resumes(Fleet& fleet) {
    for (auto options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        options.session = fleet.make(options);
        CHECK(fleet.b.get(options).reused);
        CHECK(fleet.a.get(options).reused);
    }
}

// What nginx -t says about a directive with these parameters.
Finished test_parameters(const std::string& parameters) {
    const ReservedPort port;
    NginxConfig config;
    config.http = "\nremote_ssl_session_cache " + parameters + ";\n" +
                  server_block({}, port.address());
    return NginxPrefix(config).test();
}

void check_cannot_load(const std::string& parameters, const std::string& file,
                       const std::string& why, const std::string& parameter) {
    const auto tested = test_parameters(parameters);
    CAPTURE(tested.output);
    CHECK(tested.status != 0);
    CHECK(count_lines(tested.output, "[emerg]") == 1);
    CHECK(tested.output.find(file + "\" of parameter \"" + parameter +
                             "\": " + why + " in ") != std::string::npos);
    CHECK(tested.output.find("/nginx.conf:") != std::string::npos);
}

}  // namespace

TEST_CASE("a session resumes through Redis over TLS") {
    TlsRedis redis;
    Fleet fleet(redis);
    check_resumes(fleet);
    CHECK(fleet.b.nginx().log_count("[error]") == 0);
}

TEST_CASE("a session resumes through a Redis that knows its nodes") {
    TlsRedis redis(certificates().store, {"--tls-auth-clients", "yes"});
    Fleet fleet(redis, {},
                "timeout=60s " +
                    with_client_certificate(certificates().client));
    check_resumes(fleet);
}

TEST_CASE("many large sessions resume through Redis over TLS") {
    TlsRedis redis;
    NodeConfig config;
    config.server = "ssl_verify_client on; ssl_verify_depth 2; "
                    "ssl_client_certificate \"" +
                    certificates().client_ca.certificate.string() + "\";";
    Fleet fleet(redis, config);
    auto kind = tls12();
    kind.certificate = &certificates().large;
    for (const auto& options : store_sessions(redis, fleet.a, 20, {kind})) {
        CHECK(fleet.b.get(options).reused);
    }
}

TEST_CASE("reloads leave no connection to Redis over TLS behind") {
    TlsRedis redis;
    Fleet fleet(redis);
    REQUIRE(wait_clients(redis, 2));
    for (std::size_t times = 2; times < 6; ++times) {
        fleet.a.nginx().reload();
        fleet.b.nginx().reload();
        REQUIRE(fleet.a.connected(times));
        REQUIRE(fleet.b.connected(times));
        check_resumes(fleet);
    }
    CHECK(fleet.a.nginx().settled());
    CHECK(fleet.b.nginx().settled());
    CHECK(wait_clients(redis, 2));
}

TEST_CASE("a Redis that does not shake hands keeps nobody waiting") {
    TlsRedis redis;
    redis.freeze();
    Node node(directive(redis, "timeout=60s"), {});
    for (const auto& options : {tls12(), tls13()}) {
        CHECK_FALSE(node.get(options).reused);
    }
    node.nginx().reload();
    CHECK(node.nginx().settled());
    redis.thaw();
    REQUIRE(node.connected());
    auto options = tls12();
    options.session = node.get(options).session();
    REQUIRE(wait_stored(redis, options.session));
    CHECK(node.get(options).reused);
}

TEST_CASE("a Redis whose certificate has expired is not used, until renewed") {
    TlsRedis redis(certificates().store_expired);
    Node node(directive(redis, "interval=20"), {});
    CHECK(node.nginx().wait_log("TLS handshake failed: certificate verify "
                                "failed: certificate has expired"));
    CHECK_FALSE(node.get(tls12()).reused);
    CHECK(redis.keys().empty());
    redis.show(certificates().store);
    REQUIRE(node.connected());
    CHECK(node.nginx().log_count("TLS handshake failed") == 1);
    CHECK(wait_stored(redis, node.get(tls12()).session()));
}

TEST_CASE("files for TLS with Redis are read with the configuration") {
    const auto& files = certificates();
    const std::string none = "No such file or directory";
    check_cannot_load("tls=on tls_ca=/none.pem", "\"/none.pem", none, "tls_ca");
    // beside nginx.conf
    check_cannot_load("tls=on tls_ca=none.pem", "/none.pem", none, "tls_ca");
    check_cannot_load("tls=on tls_cert=/none.crt tls_cert_key=/none.key",
                      "/none.crt", none, "tls_cert");
    check_cannot_load("tls=on " +
                          with_client_certificate(
                              {files.client.certificate, files.store.key}),
                      files.store.key, "key values mismatch", "tls_cert_key");

    const auto right = test_parameters(
        "tls=on " + with_client_certificate(files.client) +
        " \"tls_ca=" + files.client_ca.certificate.string() + "\"");
    CAPTURE(right.output);
    CHECK(right.status == 0);
    CHECK(test_parameters("off tls=on tls_ca=/none.pem").status == 0);
}

TEST_CASE("files for TLS with Redis may be beside nginx.conf") {
    const ReservedPort port;
    NginxConfig config;
    config.http = "remote_ssl_session_cache tls=on tls_ca=ca.pem;\n" +
                  server_block({}, port.address());
    const NginxPrefix prefix(config);
    write_file(prefix.path() / "ca.pem",
               read_file(certificates().client_ca.certificate));
    const auto tested = prefix.test();
    CAPTURE(tested.output);
    CHECK(tested.status == 0);
}
