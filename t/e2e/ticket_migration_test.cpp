// From one kind of tickets to another, node by node: no session is lost.

#include "support/shared_tickets.hpp"
#include "support/ticket_file.hpp"

#include <doctest/doctest.h>

using namespace support;

namespace {

NodeConfig with(const TicketFile& file) {
    NodeConfig config;
    config.server = file.directive();
    return config;
}

// Each node resumes what the other one makes, there and back.
void check_roams(const StoreServer& store, const Node& a, const Node& b) {
    for (auto options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        const Node* other = &b;
        for (const Node* maker : {&a, &b}) {
            options.session = nullptr;
            options.session = maker->get(options).session();
            REQUIRE(maker->answered());
            if (!is_stateless(options.session)) {
                REQUIRE(count_sessions(store) > 0);
            }
            for (const Node* node : {other, maker, other}) {
                const auto exchange = node->get(options);
                CHECK(exchange.reused);
                REQUIRE(node->answered());
                if (!exchange.sessions.empty()) {
                    options.session = exchange.session();
                }
            }
            other = &a;
        }
    }
}

}  // namespace

STORE_TEST_CASE("from tickets=off to shared, and back") {
    const KeyFiles keys;
    Server store;
    Node off(directive(store, "timeout=60s " + keys.parameters("a")), {});
    Node shared(directive(store, sharing(keys)), {});
    REQUIRE(off.connected());
    REQUIRE(shared.connected());
    check_roams(store, off, shared);
}

STORE_TEST_CASE("from ticket key files to shared, and back") {
    for (const std::size_t size : {48, 80}) {
        CAPTURE(size);
        const TicketFile file(size);
        const KeyFiles keys;
        Server store;
        const auto line = "timeout=60s " + keys.parameters("a");
        Node files(directive(store, line), with(file));
        Node both(directive(store, sharing(keys)), with(file));
        Node shared(directive(store, sharing(keys)), {});
        for (const Node* node : {&files, &both, &shared}) {
            REQUIRE(node->connected());
        }
        check_roams(store, files, both);
        check_roams(store, both, shared);
    }
}

STORE_TEST_CASE("tickets of files go to and from an nginx without a module") {
    const TicketFile file(80);
    const KeyFiles keys;
    Server store;
    Node stock("", with(file));
    Node files(directive(store, "timeout=60s " + keys.parameters("a")),
               with(file));
    for (auto options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        options.session = stock.get(options).session();
        CHECK(files.get(options).reused);
        options.session = nullptr;
        options.session = files.get(options).session();
        CHECK(stock.get(options).reused);
    }
}

STORE_TEST_CASE("the key file is replaced, and no ticket is lost") {
    const KeyFiles keys;
    Server store;
    const auto node = [&](const std::string& letters) {
        return Node(directive(store, sharing(keys, letters)), {});
    };
    Node a = node("a");
    Node ab = node("ab");
    Node ba = node("ba");
    Node b = node("b");
    for (const Node* each : {&a, &ab, &ba, &b}) {
        REQUIRE(each->connected());
    }
    check_roams(store, a, ab);
    check_roams(store, ab, ba);
    check_roams(store, ba, b);
    CHECK_FALSE(b.get(tls13(a.get(tls13()).session())).reused);
}

STORE_TEST_CASE("nodes with another rotate open each other's tickets") {
    const KeyFiles keys;
    Server store;
    Node hours(directive(store, sharing(keys, "a", "rotate=2h")), {});
    Node minutes(directive(store, sharing(keys, "a", "rotate=90s")), {});
    REQUIRE(hours.connected());
    REQUIRE(minutes.connected());
    check_roams(store, hours, minutes);
}
