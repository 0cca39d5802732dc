// An OpenSSL that cannot seal sessions, or makes errors when it does.

#include "support/key_files.hpp"
#include "support/node.hpp"
#include "support/preload.hpp"

#include <doctest/doctest.h>
#include <filesystem>
#include <optional>

using namespace support;

namespace {

// See t/preload/openssl_faults.c.
struct Fault {
    explicit Fault(const std::string& name)
        : preload("openssl_faults"), fault("OPENSSL_FAULT", name) {}

    Preload preload;
    Environment fault;
};

// nginx -t of a directive with these parameters.
Finished test(const std::string& parameters) {
    const ReservedPort port;
    NginxConfig config;
    config.http = "remote_ssl_session_cache" + parameters + ";\n" +
                  server_block({}, port.address());
    return NginxPrefix(config).test();
}

void check_named(const KeyFiles& files, const std::string& what) {
    const auto tested = test(files.parameters("a"));
    CAPTURE(tested.output);
    CHECK(tested.status != 0);
    CHECK(count_lines(tested.output, "[emerg]") == 1);
    CHECK(count_lines(tested.output,
                      "parameter \"key\" of \"remote_ssl_session_cache\" "
                      "cannot be used: OpenSSL" +
                          what) == 1);
    CHECK(count_lines(tested.output, "/nginx.conf:") >= 1);
}

}  // namespace

PRELOAD_TEST_CASE("what OpenSSL lacks for keys is named by nginx -t") {
    const KeyFiles files;
    for (const std::string name :
         {"HKDF", "HMAC", "AES-256-GCM", "AES-256-ECB", "AES-256-CBC"}) {
        const Fault fault(name);
        check_named(files, " has no " + name + ",");
        // Without keys only nginx itself needs some of it, for QUIC.
        CHECK(test(" on").status == test(" off").status);
    }
}

PRELOAD_TEST_CASE("an OpenSSL with wrong results is refused for keys") {
    const KeyFiles files;
    for (const auto& [fault, name] : {std::pair("frozen", "HMAC or HKDF"),
                                      {"mac", "HMAC or HKDF"},
                                      {"tag", "AES-256"}}) {
        const Fault at_work(fault);
        check_named(files, std::string("'s ") + name);
    }
}

TEST_CASE("what openssl.cnf leaves out is named by nginx -t") {
    const KeyFiles files;
    const TempDir dir;
    write_file(dir.path() / "cnf", "openssl_conf = init\n[init]\n"
                                   "providers = all\n[all]\nbase = base\n"
                                   "[base]\nactivate = 1\n");
    const Environment environment("OPENSSL_CONF",
                                  (dir.path() / "cnf").string());
    check_named(files, " has no SHA256, HKDF, HMAC, AES-256-GCM, AES-256-ECB, "
                       "AES-256-CBC, ");
}

PRELOAD_TEST_CASE("names are right where a MAC needs its key again") {
    const RedisServer redis;
    const KeyFiles files;
    const auto line = directive(redis, "timeout=60s" + files.parameters("a"));
    std::optional<Fault> fault("restart");
    const Node a(line, {}), b(line, {});
    fault.reset();
    REQUIRE(a.connected());
    REQUIRE(b.connected());
    for (int i = 0; i < 4; ++i) {
        for (auto options : {tls12(), tls13()}) {
            CAPTURE(options.max_version);
            options.session = a.get(options).session();
            const auto name = KeyFiles::name('a', options.session);
            REQUIRE(eventually([&] { return redis.exists(name); }));
            CHECK(b.get(options).reused);
        }
    }
}
