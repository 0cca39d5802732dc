// A session must not give access that a full handshake would not give: a
// stricter node refuses the same clients in a resumption, whichever server of
// an address verifies them.

#include "support/company.hpp"
#include "support/key_files.hpp"
#include "support/revocation.hpp"
#include "support/trio.hpp"

#include <deque>
#include <doctest/doctest.h>

using namespace support;

namespace {

std::string quoted(const std::filesystem::path& path) {
    return '"' + path.string() + '"';
}

std::string verifying(
    const std::string& mode = "on", const std::string& more = "",
    const std::filesystem::path& ca = certificates().client_ca.certificate) {
    return "ssl_verify_client " + mode + "; ssl_client_certificate " +
           quoted(ca) + "; " + more;
}

// What differs between the nodes: a server that is not the default.
struct Difference {
    std::string name;
    NamedServer at_a;
    NamedServer at_b;
};

NamedServer secure(const std::string& lines) {
    return {"secure.example", lines};
}

std::vector<Difference> differences() {
    const auto crl = [](const std::filesystem::path& path) {
        return "ssl_crl " + quoted(path) + ";";
    };
    NamedServer bare = secure(verifying());
    bare.certificate = nullptr;
    return {
        {"a CRL", secure(verifying()),
         secure(verifying("on", crl(revocation().crl)))},
        {"another CRL", secure(verifying("on", crl(certificates().crl))),
         secure(verifying("on", crl(revocation().crl)))},
        {"another CA of the same name", secure(verifying()),
         secure(verifying("on", "", revocation().namesake))},
        {"verified or not", secure(verifying("optional_no_ca")),
         secure(verifying("on"))},
        {"another depth", secure(verifying("on", "ssl_verify_depth 2;")),
         secure(verifying("on", "ssl_verify_depth 1;"))},
        {"no certificate of its own", secure(verifying()), bare},
        {"verification alone", secure(""), secure(verifying())},
    };
}

// A pair of a default server and a difference, at an address of its own.
struct Place {
    NamedServer first;
    Difference difference;
    ReservedPort a = ReservedPort();
    ReservedPort b = ReservedPort();
};

std::vector<NamedServer> first_servers() {
    std::vector<NamedServer> all = {
        {"first.example", ""},
        {"first.example", verifying("optional")},
    };
    if (has_directive("ssl_reject_handshake")) {
        all.push_back({"first.example", "ssl_reject_handshake on;", nullptr});
    }
    return all;
}

std::deque<Place> make_places() {
    std::deque<Place> places;
    for (const auto& first : first_servers()) {
        for (const auto& difference : differences()) {
            if (first.certificate || difference.at_b.certificate) {
                places.push_back({first, difference});
            }
        }
    }
    return places;
}

void check_place(const Place& place, const Way& way) {
    const auto& name = place.difference.at_a.name;
    const auto made = visit(place.a.address(), name, way);
    REQUIRE(made.response.starts_with("HTTP/1.1 200"));
    REQUIRE_FALSE(made.sessions.empty());
    CHECK(visit(place.a.address(), name, way, made.session(), false).reused);

    const auto there =
        visit(place.b.address(), name, way, made.session(), false);
    CHECK_FALSE(there.reused);
    CHECK_FALSE(there.body() == name + " SUCCESS");
}

void check_places(const std::string& parameters) {
    const RedisServer store;
    const auto places = make_places();
    NodeConfig config_of_a, config_of_b;
    for (const auto& place : places) {
        config_of_a.http +=
            company({place.first, place.difference.at_a}, place.a.address());
        config_of_b.http +=
            company({place.first, place.difference.at_b}, place.b.address());
    }
    const auto on = directive(store, "timeout=60s " + parameters);
    const Node a(on, config_of_a), b(on, config_of_b);
    REQUIRE(a.connected());
    REQUIRE(b.connected());
    for (const auto& place : places) {
        CAPTURE(place.first.lines);
        CAPTURE(place.difference.name);
        for (const auto& way : ways) {
            CAPTURE(std::string(way.name));
            check_place(place, way);
        }
    }
}

// A node with one address, which is reloaded with other settings.
struct Fortress {
    explicit Fortress(std::string cache = "")
        : more(std::move(cache)), node(config(secure(verifying()))) {
        REQUIRE(node.connected());
    }

    NodeConfig config(const NamedServer& server) const {
        NodeConfig config;
        config.http = directive(store) + more +
                      company({{"first.example", ""}, server}, port.address());
        return config;
    }

    void reload(const NamedServer& server) {
        node.reload(config(server));
        REQUIRE(node.connected(++starts));
    }

    RedisServer store;
    ReservedPort port;
    std::string more;
    Node node;
    std::size_t starts = 1;
};

}  // namespace

TEST_CASE(
    "company: what a stricter node refuses does not get in by a session") {
    check_places("");
}

TEST_CASE("company: neither do sessions that are sealed") {
    const KeyFiles keys;
    check_places(keys.parameters("a"));
}

TEST_CASE("company: a new CRL takes effect with the reload") {
    for (const std::string cache : {"", "ssl_session_cache shared:S:1m;"}) {
        CAPTURE(cache);
        Fortress f(cache);
        std::vector<Session> sessions;
        for (const auto& way : ways) {
            sessions.push_back(
                visit(f.port.address(), "secure.example", way).session());
        }
        f.reload(secure(
            verifying("on", "ssl_crl " + quoted(revocation().crl) + ";")));
        for (std::size_t i = 0; i < ways.size(); ++i) {
            CAPTURE(std::string(ways[i].name));
            const auto back = visit(f.port.address(), "secure.example", ways[i],
                                    sessions[i], false);
            CHECK_FALSE(back.reused);
            CHECK(back.response.starts_with("HTTP/1.1 400"));
        }
    }
}

TEST_CASE("company: a renewed certificate of a named server loses no session") {
    Fortress f;
    NamedServer renewed = secure(verifying());
    renewed.certificate = &certificates().rsa;
    for (const auto& way : ways) {
        CAPTURE(std::string(way.name));
        const auto made = visit(f.port.address(), "first.example", way);
        const auto own = visit(f.port.address(), "secure.example", way);
        f.reload(renewed);
        CHECK(visit(f.port.address(), "first.example", way, made.session())
                  .reused);
        const auto again =
            visit(f.port.address(), "secure.example", way, own.session());
        CHECK(again.reused == !has_sni_before_session());  // or it is its own
        CHECK(again.body() == "secure.example SUCCESS");
        f.reload(secure(verifying()));
    }
}

TEST_CASE("company: a default that rejects does not join other certificates") {
    if (!has_directive("ssl_reject_handshake")) {
        return;
    }
    const RedisServer store;
    const ReservedPort port_of_a, port_of_b, port_of_c;
    const auto config = [&](const ReservedPort& port, const KeyPair& pair) {
        NodeConfig config;
        config.http =
            company({{"first.example", "ssl_reject_handshake on;", nullptr},
                     {"named.example", "", &pair}},
                    port.address());
        return config;
    };
    const Node a(directive(store), config(port_of_a, certificates().ecdsa));
    const Node b(directive(store), config(port_of_b, certificates().ecdsa));
    const Node c(directive(store), config(port_of_c, certificates().rsa));
    for (const Node* node : {&a, &b, &c}) {
        REQUIRE(node->connected());
    }
    for (const auto& way : ways) {
        CAPTURE(std::string(way.name));
        const auto made =
            visit(port_of_a.address(), "named.example", way).session();
        REQUIRE(a.answered());
        CHECK(visit(port_of_b.address(), "named.example", way, made).reused);
        CHECK_FALSE(
            visit(port_of_c.address(), "named.example", way, made).reused);
    }
}

// [::] and [::1] of one port share a socket, and both have this default server.
TEST_CASE("company: each address has its own, also where they share a socket" *
          doctest::skip(!has_ipv6())) {
    const RedisServer store;
    const ReservedPort port;
    const auto number = std::to_string(port.number());
    const std::string explicit_too = "listen [::1]:" + number + " ssl;";
    const std::string any_too = "listen [::]:" + number + " ssl;";
    const auto block = [&](const NamedServer& server,
                           const std::string& listens) {
        auto text = named_block(server, port.address());
        const auto one = "listen " + port.address().text() + " ssl;";
        return text.replace(text.find(one), one.size(), listens);
    };
    NodeConfig config;
    config.http =
        block({"first.example", ""},
              "listen [::]:" + number + " ssl ipv6only=off;" + explicit_too) +
        block(secure(verifying()), any_too) +
        block(secure(verifying("on", "", revocation().namesake)), explicit_too);
    const Node node(directive(store), config);
    REQUIRE(node.connected());
    const Address any = port.address();
    const Address explicit_one{"::1", port.number()};
    for (const auto& way : ways) {
        CAPTURE(std::string(way.name));
        const auto made = visit(any, "secure.example", way);
        CHECK(made.body() == "secure.example SUCCESS");
        CHECK(visit(any, "secure.example", way, made.session(), false).reused);
        const auto there =
            visit(explicit_one, "secure.example", way, made.session(), false);
        CHECK_FALSE(there.reused);
        CHECK(there.response.starts_with("HTTP/1.1 400"));
    }
}

namespace {

// A stream server that returns the result of verifying its client.
std::string stream_block(const Address& address, const std::string& name,
                         const std::string& lines) {
    const auto& pair = certificates().ecdsa;
    return "server {\n listen " + address.text() + " ssl;\n server_name " +
           name + ";\n ssl_protocols TLSv1.2 TLSv1.3;\n ssl_certificate " +
           quoted(pair.certificate) + ";\n ssl_certificate_key " +
           quoted(pair.key) + ";\n " + retry_curve + lines +
           "\n return $ssl_client_verify;\n}\n";
}

Answer visit_named(const Address& address, const Way& way,
                   const Session& session, bool has_certificate) {
    TlsOptions options;
    options.min_version = way.version;
    options.max_version = way.version;
    options.groups = way.groups;
    options.server_name = "secure.example";
    options.session = session;
    options.certificate = has_certificate ? &certificates().client : nullptr;
    return visit_stream(address, options);
}

}  // namespace

TEST_CASE("company: servers of stream, since it chooses them by name") {
    if (nginx_version() < Version{1, 25, 5}) {
        MESSAGE("this nginx has one server for an address of stream");
        return;
    }
    const RedisServer store;
    const ReservedPort port_of_a, port_of_b, port_of_c;
    const auto config = [&](const ReservedPort& port, const std::string& more) {
        NodeConfig config;
        config.nginx.main = load_protocol("stream") + "stream {\n" +
                            directive(store) +
                            stream_block(port.address(), "first.example", "") +
                            stream_block(port.address(), "secure.example",
                                         verifying("on", more)) +
                            "}\n";
        return config;
    };
    const Node a(config(port_of_a, ""));
    const Node b(config(port_of_b, ""));
    const Node c(
        config(port_of_c, "ssl_crl " + quoted(revocation().crl) + ";"));
    for (const Node* node : {&a, &b, &c}) {
        REQUIRE(node->connected());
    }
    for (const auto& way : ways) {
        CAPTURE(std::string(way.name));
        const auto made = visit_named(port_of_a.address(), way, nullptr, true);
        CHECK(made.text == "SUCCESS");
        REQUIRE(made.session);
        REQUIRE(wait_stored(store, made.session));
        const auto again =
            visit_named(port_of_b.address(), way, made.session, false);
        CHECK(again.reused);
        CHECK(again.text == "SUCCESS");
        const auto there =
            visit_named(port_of_c.address(), way, made.session, false);
        CHECK_FALSE(there.reused);
        CHECK(there.text.empty());
    }
}
