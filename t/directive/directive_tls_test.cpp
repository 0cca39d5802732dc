// The directive's parameters about TLS, and how they combine.

#include "support/directive_table.hpp"

using namespace support::directive;

namespace {

// What "tls=on" sets, and a further change.
std::function<void(Directive&)>
with_tls(const std::function<void(backends::tls::Parameters&)>& change) {
    return [change](Directive& d) {
        d.store.tls.on = true;
        change(d.store.tls);
    };
}

}  // namespace

TEST_CASE("directive: tls is off unless it is on") {
    CHECK_FALSE(parse("").directive.store.tls.on);
    CHECK(parse("").directive.store.tls.verify);
    check(std::vector<Right>{
        {"tls=off", [](auto&) {}},
        {"tls=on", with_tls([](auto&) {})},
        {"tls=on tls_verify=on", with_tls([](auto&) {})},
        {"tls=on tls_verify=off", with_tls([](auto& t) { t.verify = false; })},
        {"tls_ca=/etc/ca.pem tls=on",
         with_tls([](auto& t) { t.ca = "/etc/ca.pem"; })},
        {"tls=on tls_cert=a=b.crt tls_cert_key=a.key", with_tls([](auto& t) {
             t.cert = "a=b.crt";
             t.cert_key = "a.key";
         })},
    });
    for (const char* name : {"tls", "tls_verify"}) {
        check_invalid(name, {"", "yes", "ON", "1", "onn"});
    }
    for (const char* name : {"tls_ca", "tls_cert", "tls_cert_key"}) {
        check_invalid(name, {""});
    }
}

TEST_CASE("directive: the name to check is the address's, or tls_name") {
    const std::vector<std::pair<std::string, std::string>> names{
        {"tls=on", "127.0.0.1"},
        {"tls=on addr=redis.example.com", "redis.example.com"},
        {"tls=on addr=redis.example.com:6380", "redis.example.com"},
        {"addr=[::1]:6380 tls=on", "::1"},
        {"tls=on tls_name=x.example.com addr=10.0.0.1", "x.example.com"},
        {"tls=on tls_name=10.0.0.2 addr=10.0.0.1", "10.0.0.2"},
        {"tls=on tls_name=x addr=unix:/tmp/s", "x"},
        {"tls=on tls_verify=off addr=unix:/tmp/s", ""},
    };
    for (const auto& pair : names) {
        CAPTURE(pair.first);
        const auto parsed = parse(pair.first);
        CHECK(parsed.error == "");
        const auto& store = parsed.directive.store;
        CHECK(tls_name(store, store.servers.front()) == pair.second);
    }
    check(std::vector<Right>{
        {"tls=on tls_name=" + std::string(255, 'x'),
         with_tls([](auto& t) { t.name = std::string(255, 'x'); })},
    });
    check_invalid("tls_name", {"", std::string(256, 'x'), "caf\xc3"});
}

TEST_CASE("directive: what belongs to tls is nothing without it") {
    for (const std::string name :
         {"tls_ca", "tls_name", "tls_verify", "tls_cert", "tls_cert_key"}) {
        const auto error = "parameter " + quoted(name) + " without \"tls=on\"";
        check(std::vector<Wrong>{
            {name + "=on", error},
            {"tls=off " + name + "=on", error},
            {"type=memcached " + name + "=on", error},
        });
    }
}

TEST_CASE("directive: parameters about tls that do not go together") {
    check(std::vector<Wrong>{
        {"tls=on tls_cert=a",
         "parameter \"tls_cert\" without \"tls_cert_key\""},
        {"tls=on tls_cert_key=a",
         "parameter \"tls_cert_key\" without \"tls_cert\""},
        {"tls=on addr=unix:/tmp/s",
         "parameter \"tls=on\" with a Unix socket without \"tls_name\""},
        {"tls=on tls=on", "duplicate parameter \"tls\""},
        {"tls=on type=memcached addr=a addr=unix:/tmp/s",
         "parameter \"tls=on\" with a Unix socket without \"tls_name\""},
    });
    check(std::vector<Right>{{"type=memcached tls=off", [](auto& d) {
                                  d.store.type = Type::memcached;
                                  d.store.servers = {redis("127.0.0.1", 11211)};
                              }}});
}

TEST_CASE("directive: clients with another TLS are others") {
    const auto store = [](const std::string& line) {
        return parse(line).directive.store;
    };
    CHECK(store("tls=on") == store("tls=on"));
    CHECK(store("tls=on") != store("tls=off"));
    CHECK(store("tls=on") != store("tls=on tls_name=x"));
    CHECK(store("tls=on") != store("tls=on tls_ca=x"));
    CHECK(store("tls=on") != store("tls=on tls_verify=off"));
    CHECK(store("tls=on tls_cert=a tls_cert_key=b") !=
          store("tls=on tls_cert=a tls_cert_key=c"));
}
