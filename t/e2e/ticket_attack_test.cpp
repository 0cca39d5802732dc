// Tickets that are not what they seem, and stores that are not what they were.

#include "support/shared_tickets.hpp"

#include <doctest/doctest.h>
#include <string>

using namespace support;

namespace {

std::string ticket_of(const Session& session) {
    const unsigned char* ticket = nullptr;
    std::size_t length = 0;
    SSL_SESSION_get0_ticket(session.get(), &ticket, &length);
    return {reinterpret_cast<const char*>(ticket), length};
}

// The session of a client, with its ticket replaced by `ticket`.
Session with_ticket(const Session& session, const std::string& ticket) {
    unsigned char* bytes = nullptr;
    const int size = i2d_SSL_SESSION(session.get(), &bytes);
    std::string der(reinterpret_cast<char*>(bytes),
                    static_cast<std::size_t>(size));
    OPENSSL_free(bytes);

    const auto at = der.find(ticket_of(session));
    der.replace(at, ticket.size(), ticket);
    const auto* from = reinterpret_cast<const unsigned char*>(der.data());
    return {d2i_SSL_SESSION(nullptr, &from, std::ssize(der)), SSL_SESSION_free};
}

// A ticket of a node that is gone, and so puts nothing back into the store.
Session left_behind(const std::string& line) {
    const Node node(line, {});
    auto session = node.get(tls13()).session();
    REQUIRE(is_stateless(session));
    return session;
}

}  // namespace

TEST_CASE("no byte of a ticket can be another one") {
    const KeyFiles keys;
    const RedisServer store;
    Node node(directive(store, sharing(keys)), {});
    REQUIRE(node.connected());

    for (auto options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        const auto session = node.get(options).session();
        const auto ticket = ticket_of(session);
        const auto fetches = count_fetches(node);
        for (std::size_t at = 0; at < ticket.size(); ++at) {
            CAPTURE(at);
            auto other = ticket;
            other[at] = static_cast<char>(other[at] ^ 1 << at % 8);
            options.session = with_ticket(session, other);
            CHECK_FALSE(node.get(options).reused);
        }
        options.session = session;
        CHECK(node.get(options).reused);
        CHECK(count_fetches(node) == fetches);
    }
    CHECK(not_opened(node, "damaged") > 0);
    CHECK(not_opened(node, "foreign") > 0);
}

TEST_CASE("a ticket is no session where clients are verified otherwise") {
    const KeyFiles keys;
    const RedisServer store;
    NodeConfig strict;
    strict.server = "ssl_verify_client on; ssl_client_certificate \"" +
                    certificates().client_ca.certificate.string() + "\";";
    Node open(directive(store, sharing(keys)), {});
    Node verifying(directive(store, sharing(keys)), strict);
    REQUIRE(open.connected());
    REQUIRE(verifying.connected());

    for (auto options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        options.session = open.get(options).session();
        CHECK_FALSE(verifying.get(options).reused);
        CHECK(open.get(options).reused);
    }
    CHECK(not_opened(verifying, "refused") == 2);
    CHECK(verifying.nginx().wait_log(
        "a ticket's session is not used: another session ID context"));
}

TEST_CASE("a ticket does not outlive the server's own timeout") {
    const KeyFiles keys;
    const RedisServer store;
    NodeConfig shorter;
    shorter.server = "ssl_session_timeout 1s;";
    Node hours(directive(store, sharing(keys)), {});
    Node second(directive(store, sharing(keys)), shorter);
    REQUIRE(hours.connected());
    REQUIRE(second.connected());

    const auto session = hours.get(tls12()).session();
    CHECK(eventually([&] { return !second.get(tls12(session)).reused; }));
    CHECK(hours.get(tls12(session)).reused);
}

TEST_CASE("a cipher that was given up ends with TLS 1.2 tickets, too") {
    const KeyFiles keys;
    const RedisServer store;
    NodeConfig weak;
    weak.server = "ssl_ciphers ECDHE-ECDSA-AES128-SHA256;";
    NodeConfig strong;
    strong.server = "ssl_ciphers ECDHE-ECDSA-AES256-GCM-SHA384:"
                    "ECDHE-ECDSA-AES128-SHA256:!AES128;";
    Node before(directive(store, sharing(keys)), weak);
    Node after(directive(store, sharing(keys)), strong);
    REQUIRE(before.connected());
    REQUIRE(after.connected());

    const auto session = before.get(tls12()).session();
    CHECK(is_stateless(session));
    CHECK_FALSE(after.get(tls12(session)).reused);
    CHECK(not_opened(after, "refused") == 1);
}

TEST_CASE("who has the store opens no ticket, who has the file needs both") {
    const KeyFiles keys;
    const RedisServer store;
    const auto line = directive(store, sharing(keys));
    const auto session = left_behind(line);

    Node other_key(directive(store, sharing(keys, "b")), {});
    CHECK_FALSE(other_key.get(tls13(session)).reused);
    CHECK(not_opened(other_key, "foreign") == 1);

    store.flush();
    Node later(line, {});
    REQUIRE(later.connected());
    CHECK_FALSE(later.get(tls13(session)).reused);
    CHECK(not_opened(later, "missing") == 1);
}

TEST_CASE("seeds that are not what was left there are not believed") {
    const KeyFiles keys;
    const RedisServer store;
    const auto line = directive(store, sharing(keys));
    const auto session = left_behind(line);
    REQUIRE(count_records(store, "seed") > 0);
    for (const auto& key : store.keys()) {
        if (key.find(":seed:") != std::string::npos) {
            store.set(key, std::string(77, '\4'));
        }
    }

    Node b(line, {});
    REQUIRE(b.connected());
    CHECK(b.nginx().wait_log("tickets are made with the key"));
    CHECK_FALSE(b.get(tls13(session)).reused);
    const auto fresh = b.get(tls13()).session();
    CHECK(is_stateless(fresh));
    const Node c(line, {});
    CHECK(c.get(tls13(fresh)).reused);
}
