// Several servers on one address: whose directive acts, and that no client is
// worse off than with stock nginx.

#include "support/company.hpp"

#include <deque>
#include <doctest/doctest.h>

using namespace support;

namespace {

// The configuration of a server in the table.
struct Kind {
    std::string name;
    std::string cache;  // the directive; stock nginx does not have it
    std::string lines;  // nginx's own
    bool uses_store = false;
    bool stateful = true;    // otherwise: stateless tickets
    bool prohibits = false;  // "ssl_session_cache off"
    bool builtin = false;
    const KeyPair* certificate = &certificates().ecdsa;
    bool leads = true;  // is worth trying as the default server
};

const Kind no_certificate{"no certificate", "", "", false, true, false, false,
                          nullptr};

std::string verifying(const std::string& mode, const std::string& more = "") {
    return "ssl_verify_client " + mode + "; ssl_client_certificate \"" +
           certificates().client_ca.certificate.string() + "\"; " + more;
}

std::vector<Kind> kinds_of(const StoreServer& store, const std::string& key) {
    const auto on = directive(store);
    const std::string off = "remote_ssl_session_cache off;";
    const std::string shared = "ssl_session_cache shared:S:1m;";
    const std::string no_tickets = "ssl_session_tickets off;";
    const std::string ticket_key = "ssl_session_ticket_key \"" + key + "\";";
    std::vector<Kind> kinds = {
        {"on", on, "", true},
        {"other parameters", directive(store, "db=1 timeout=60s"), "", true},
        {"tickets=keep", directive(store, "tickets=keep timeout=60s"), "", true,
         false},
        {"ticket key", on, ticket_key, true, false},
        {"cache off", on, "ssl_session_cache off;", false, true, true},
        {"cache none", on, "ssl_session_cache none;", true},
        {"builtin", on, "ssl_session_cache builtin;", true, true, false, true},
        {"shared", on, shared, true},
        {"tickets off", on, no_tickets, true},
        {"verify on", on, verifying("on"), true},
        {"verify optional", on, verifying("optional"), true},
        {"CRL", on,
         verifying("on", "ssl_crl \"" + certificates().crl.string() + "\";"),
         true},
        {"other certificate", on, "", true, true, false, false,
         &certificates().rsa},
        {"off", off, ""},
        {"off, ticket key", off, ticket_key, false, false},
        {"off, builtin", off, no_tickets + "ssl_session_cache builtin;", false,
         true, false, true},
        {"off, shared", off, no_tickets + shared},
        {"no directive", "", shared},
        {"no directive, cache off", "", "ssl_session_cache off;", false, true,
         true},
    };
    // These make no difference in a default server.
    for (auto& kind : kinds) {
        for (const auto* name :
             {"other parameters", "cache none", "verify on", "CRL",
              "other certificate", "off, shared", "no directive, cache off"}) {
            kind.leads = kind.leads && kind.name != name;
        }
    }
    return kinds;
}

// A row: an address with a default server and named ones of all kinds.
struct Row {
    const Kind* first;
    std::vector<Kind> named;
    ReservedPort a = ReservedPort();
    ReservedPort b = ReservedPort();
    ReservedPort stock = ReservedPort();

    static std::string name(std::size_t n) {
        return "n" + std::to_string(n) + ".example";
    }

    std::string config(const Address& address, bool is_stock) const {
        const auto server = [&](const std::string& name, const Kind& kind) {
            return NamedServer{name,
                               (is_stock ? "" : kind.cache) + " " + kind.lines,
                               kind.certificate};
        };
        std::vector<NamedServer> servers = {server("first.example", *first)};
        for (std::size_t n = 0; n < named.size(); ++n) {
            servers.push_back(server(name(n), named[n]));
        }
        return company(servers, address);
    }
};

class Table {
  public:
    Table() {
        write_file(dir_.path() / "key", std::string(80, 'k'));
        kinds_ = kinds_of(store_, (dir_.path() / "key").string());
        auto named = kinds_;
        named.push_back(no_certificate);
        if (has_directive("ssl_reject_handshake")) {
            kinds_.push_back({"reject", directive(store_),
                              "ssl_reject_handshake on;", true, true, false,
                              false, nullptr});
        }
        for (const auto& kind : kinds_) {
            if (!kind.leads) {
                continue;
            }
            rows_.push_back({&kind, named});
            if (!kind.certificate) {  // which no_certificate needs
                rows_.back().named.pop_back();
            }
        }
    }

    void check() {
        Node a(config(&Row::a, false));
        Node b(config(&Row::b, false));
        Node stock(config(&Row::stock, true));
        REQUIRE(a.connected());
        REQUIRE(b.connected());
        for (const auto& row : rows_) {
            check_row(row);
        }
        ignore_tls(a);
        ignore_tls(b);
    }

  private:
    // The server that decides about the sessions of a named one.
    static const Kind& acting(const Row& row, const Kind& named) {
        const bool own = has_sni_before_session() && named.certificate &&
                         !row.first->prohibits;
        return own ? named : *row.first;
    }

    // Sessions of TLS 1.2 have no ID where they are prohibited, and no ticket
    // where those of the default server are stateful. nginx logs a warning.
    static bool is_cut_off(const Row& row, const Kind& named) {
        return !has_sni_before_session() && named.prohibits &&
               row.first->uses_store && row.first->stateful;
    }

    // The store replaces the builtin cache, and a warning says so.
    static bool lost_builtin(const Row& row, const Kind& named) {
        return row.first->builtin && row.first->uses_store &&
               !acting(row, named).uses_store;
    }

    NodeConfig config(ReservedPort Row::*port, bool is_stock) const {
        NodeConfig config;
        config.nginx.load_module = !is_stock;
        config.nginx.connections = 4000;
        config.http = "server_names_hash_bucket_size 128;\n";
        for (const auto& row : rows_) {
            config.http += row.config((row.*port).address(), is_stock);
        }
        return config;
    }

    static void ignore_tls(Node& node) {
        node.nginx().expect_damaged_records();
    }

    void check_row(const Row& row) {
        CAPTURE(row.first->name);
        for (std::size_t n = 0; n < row.named.size(); ++n) {
            CAPTURE(row.named[n].name);
            for (const auto& way : ways) {
                CAPTURE(std::string(way.name));
                check_cell(row, n, way);
            }
        }
    }

    static bool resumes(const Address& address, const std::string& name,
                        const Way& way) {
        const auto made = visit(address, name, way).sessions;
        return !made.empty() && visit(address, name, way, made.back()).reused;
    }

    void check_cell(const Row& row, std::size_t n, const Way& way) {
        const Kind& named = row.named[n];
        const Kind& acts = acting(row, named);
        const auto name = Row::name(n);
        const bool cut_off =
            way.version == TLS1_2_VERSION && is_cut_off(row, named);

        const auto made = visit(row.a.address(), name, way);
        if (made.sessions.empty()) {
            CHECK((cut_off || !resumes(row.stock.address(), name, way)));
            return;
        }

        const auto there = visit(row.b.address(), name, way, made.session());
        CHECK(there.body() == made.body());
        if (acts.uses_store && acts.stateful && !cut_off) {
            // The session may still have been on its way to the store.
            CHECK((there.reused || eventually([&] {
                       return visit(row.b.address(), name, way, made.session())
                           .reused;
                   })));
            return;
        }
        // Whichever server acts, tickets use the default server's key.
        if (!acts.uses_store && acts.stateful && row.first->stateful) {
            CHECK_FALSE(there.reused);
        }

        const auto here = visit(row.a.address(), name, way, made.session());
        CHECK(here.body() == made.body());
        if (!here.reused && !cut_off && !lost_builtin(row, named)) {
            CHECK_FALSE(resumes(row.stock.address(), name, way));
        }
    }

    TempDir dir_;
    RedisServer store_;
    std::vector<Kind> kinds_;
    std::deque<Row> rows_;
};

}  // namespace

TEST_CASE("servers: whatever they have, clients resume as with stock nginx") {
    Table().check();
}

namespace {

// With TLS 1.2, in which the server chooses the cipher.
Exchange with_cipher(const Address& address, const std::string& name,
                     const Session& session = nullptr) {
    return visit(address, name, ways.front(), session);
}

std::string ciphers(const std::string& list) {
    return "ssl_ciphers " + list + ";";
}

const char* const old_cipher = "ECDHE-ECDSA-AES128-SHA";
const char* const new_cipher = "ECDHE-ECDSA-AES256-GCM-SHA384";

}  // namespace

TEST_CASE("servers: sessions with a cipher that is not allowed are refused") {
    const RedisServer store;
    for (const std::string cache : {"", "ssl_session_cache shared:S:1m;"}) {
        CAPTURE(cache);
        NodeConfig config;
        config.http = cache;
        config.server = ciphers(old_cipher);
        Node a(directive(store), config);
        config.server = ciphers(new_cipher);
        Node b(directive(store), config);
        REQUIRE(a.connected());
        REQUIRE(b.connected());
        const auto made = a.get(tls12()).session();
        REQUIRE(wait_stored(store, made));
        CHECK(a.get(tls12(made)).reused);
        CHECK_FALSE(b.get(tls12(made)).reused);
        CHECK(b.refused("a cipher that is not allowed here") == 1);
        CHECK(b.nginx().wait_log("stored session is not used: a cipher that "
                                 "is not allowed here"));

        // Its own shared cache still has the session.
        config.http = directive(store) + cache;
        a.reload(config);
        CAPTURE(a.nginx().log());
        REQUIRE(a.connected(2));
        CHECK_FALSE(a.get(tls12(made)).reused);
    }
}

TEST_CASE("servers: it is the named server's ciphers that count") {
    const RedisServer store;
    const auto on = directive(store);
    const auto both = std::string(new_cipher) + ":" + std::string(old_cipher);
    const ReservedPort port;
    const auto servers = [&](const std::string& strict) {
        NodeConfig config;
        config.http =
            company({{"first.example", on + ciphers(new_cipher)},
                     {"old.example", on + ciphers(old_cipher)},
                     {"strict.example", on + ciphers(strict)},
                     {"*.any.example", on + ciphers(strict)},
                     {"~^regex[0-9]+\\.example$", on + ciphers(strict)},
                     {"lax.example", on + ciphers(both)}},
                    port.address());
        return config;
    };
    const std::vector<std::string> strict = {
        "strict.example", "x.any.example", "STRICT.example", "regex1.example"};
    Node node(servers(old_cipher));
    REQUIRE(node.connected());
    std::vector<Session> sessions;
    for (const auto& name : strict) {
        CAPTURE(name);
        sessions.push_back(with_cipher(port.address(), name).session());
        CHECK(with_cipher(port.address(), name, sessions.back()).reused);
    }
    const auto old = with_cipher(port.address(), "old.example").session();

    node.reload(servers(new_cipher));
    REQUIRE(node.connected(2));
    for (std::size_t i = 0; i < strict.size(); ++i) {
        CAPTURE(strict[i]);
        CHECK_FALSE(with_cipher(port.address(), strict[i], sessions[i]).reused);
    }
    CHECK(with_cipher(port.address(), "old.example", old).reused);
}

TEST_CASE("servers: handshakes are counted under whichever server they end") {
    const RedisServer store;
    const ReservedPort port;
    NodeConfig config;
    config.http = company({{"first.example", directive(store)},
                           {"named.example", "remote_ssl_session_cache off;"}},
                          port.address());
    const Node node(config);
    REQUIRE(node.connected());
    for (const auto& way : ways) {
        visit(port.address(), "named.example", way);
    }
    const auto handshakes = node.figures()["handshakes"];
    CHECK(handshakes["broken_off"] == 0);
    CHECK(handshakes["full"] == (has_sni_before_session() ? 0 : ways.size()));
}
