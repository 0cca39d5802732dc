// Handshakes as they are read from the wire.

#include "debug/raw_tcp.hpp"
#include "debug/wire/tls.hpp"

#include <doctest/doctest.h>
#include <string>
#include <vector>

using namespace debug;
using support::client_hello;
using support::extension;
using support::message;
using support::record;
using support::server_hello;
using support::tls13_chosen;
using support::tls13_offered;

namespace {

using Lines = std::vector<std::string>;

// Writes down what it hears.
class Heard : public HandshakeListener {
  public:
    Lines lines;

    void client_hello(const Flow& /*flow*/, Time /*time*/,
                      const ClientHello& hello) override {
        lines.push_back("client hello" +
                        (hello.proxied.empty() ? "" : " by " + hello.proxied));
    }
    void server_hello(const Flow& /*flow*/, Time /*time*/,
                      const ServerHello& hello) override {
        lines.emplace_back(hello.retry ? "retry" : "server hello");
    }
    void abbreviated(const Flow& /*flow*/) override {
        lines.emplace_back("abbreviated");
    }
    void completed(const Flow& /*flow*/, Time /*time*/) override {
        lines.emplace_back("completed");
    }
    void broken_off(const Flow& /*flow*/, Time /*time*/,
                    std::string_view how) override {
        lines.push_back("broken off: " + std::string(how));
    }
    void lost_sight(const Flow& /*flow*/, Time /*time*/,
                    std::string_view why) override {
        lines.push_back("lost: " + std::string(why));
    }
    void not_tls() override { lines.emplace_back("not TLS"); }
};

// What a side says.
struct Words {
    Side from;
    std::string bytes;
};
Words client(const std::string& bytes) {
    return {Side::client, bytes};
}
Words server(const std::string& bytes) {
    return {Side::server, bytes};
}

// The same whether it comes at once or byte by byte. Nothing after the end is
// heard.
Lines heard(const std::vector<Words>& all, bool is_over) {
    Flow flow;
    flow.from_start = true;
    Lines found;
    for (const std::size_t piece : {std::size_t{100'000}, std::size_t{1}}) {
        Heard now;
        TlsReader reader(now, flow);
        for (const auto& [from, bytes] : all) {
            for (std::size_t at = 0; at < bytes.size() && !reader.over();
                 at += piece) {
                reader.data(from, Time(), bytes.substr(at, piece));
            }
        }
        CHECK(reader.over() == is_over);
        if (is_over) {
            const auto before = now.lines;
            reader.closed(Side::client, Time(), true);
            reader.gap(Side::client, Time());
            reader.forgotten(Time());
            CHECK(now.lines == before);
        }
        CHECK((found.empty() || found == now.lines));
        found = now.lines;
    }
    return found;
}

std::string alert(char level, char description) {
    return record(21, std::string{level, description});
}

const std::string change = record(20, "\1");
const std::string finished = record(22, std::string(40, 'f'));
const std::string hello = client_hello({});
const std::string hello13 = client_hello({"", tls13_offered()});
const std::string answer = server_hello({});
const std::string answer13 = server_hello({"", tls13_chosen()});
const std::string certificate = record(22, message(11, "certificate"));

}  // namespace

TEST_CASE("TLS reader: handshakes to their ends") {
    CHECK(heard({client(hello), server(answer + certificate),
                 client(record(22, message(16, "key")) + change + finished),
                 server(change + finished)},
                true) == Lines{"client hello", "server hello", "completed"});
    CHECK(heard({client(hello), server(answer + change + finished),
                 client(change + finished)},
                true) ==
          Lines{"client hello", "server hello", "abbreviated", "completed"});
    // A certificate, or the client's Finished, comes before the server's.
    CHECK(heard({client(hello), server(answer + certificate + change)},
                false) == Lines{"client hello", "server hello"});
    CHECK(heard({client(hello), server(answer), client(change), server(change)},
                false) == Lines{"client hello", "server hello"});
    // Two messages in a record, and a message in two records.
    const auto whole = message(2, answer.substr(9)) + message(11, "abc");
    CHECK(heard({client(hello), server(record(22, whole.substr(0, 10)) +
                                       record(22, whole.substr(10)) + change)},
                false) == Lines{"client hello", "server hello"});
    CHECK(heard({client(hello13), server(answer13 + change + certificate),
                 client(change + record(23, std::string(53, 'f')))},
                true) == Lines{"client hello", "server hello", "completed"});
}

TEST_CASE("TLS reader: a HelloRetryRequest, and a second hello") {
    const auto retry = server_hello({"", tls13_chosen(), true});
    CHECK(heard({client(hello13), server(retry), client(hello13),
                 server(answer13)},
                false) ==
          Lines{"client hello", "retry", "client hello", "server hello"});
    CHECK(heard({client(hello13 + hello13)}, true) ==
          Lines{"client hello",
                "lost: a second ClientHello without a HelloRetryRequest"});
    CHECK(
        heard({client(hello13), server(retry), client(hello13 + hello13)}, true)
            .back() ==
        "lost: a second ClientHello without a HelloRetryRequest");
    CHECK(heard({client(hello), server(answer + answer)}, true).back() ==
          "lost: a second ServerHello");
}

TEST_CASE("TLS reader: alerts") {
    CHECK(heard({client(hello), server(alert(2, 40))}, true).back() ==
          "broken off: server sent alert handshake_failure");
    CHECK(heard({client(hello + alert(1, 0))}, true).back() ==
          "broken off: client sent alert close_notify");
    CHECK(heard({client(hello + alert(2, 99))}, true).back() ==
          "broken off: client sent alert number 99");
    // A warning is none, and one that is encrypted is not read.
    CHECK(heard({client(hello), server(alert(1, 112))}, false).size() == 1);
    CHECK(heard({client(hello), server(answer + change + alert(1, 112))}, true)
              .back() == "broken off: server sent an alert");
    const std::vector<std::pair<char, std::string>> names{
        {10, "unexpected_message"},
        {20, "bad_record_mac"},
        {42, "bad_certificate"},
        {45, "certificate_expired"},
        {46, "certificate_unknown"},
        {47, "illegal_parameter"},
        {48, "unknown_ca"},
        {50, "decode_error"},
        {51, "decrypt_error"},
        {70, "protocol_version"},
        {80, "internal_error"},
        {112, "unrecognized_name"},
        {116, "certificate_required"},
        {120, "no_application_protocol"}};
    for (const auto& [number, name] : names) {
        CHECK(heard({client(hello + alert(2, number))}, true).back() ==
              "broken off: client sent alert " + name);
    }
}

TEST_CASE("TLS reader: TLS 1.3 tells alerts by their lengths") {
    const auto end = [&](std::size_t size, bool early) {
        const auto first = client_hello(
            {"", tls13_offered() + (early ? extension(42, "") : "")});
        return heard({client(first), server(answer13),
                      client(record(23, std::string(size, 'a')))},
                     true)
            .back();
    };
    const std::string alerted = "broken off: client sent an alert, encrypted";
    for (const bool early : {false, true}) {
        CHECK(end(19, early) == alerted);
        CHECK(end(18, early) == (early ? "completed" : alerted));
        CHECK(end(44, early) == (early ? "completed" : alerted));
        CHECK(end(45, early) == "completed");
    }
}

TEST_CASE("TLS reader: what is malformed") {
    const auto after_hello = [&](const std::string& bytes) {
        return heard({client(hello + bytes)}, true).back();
    };
    CHECK(after_hello(record(19, "x")) == "lost: malformed record");
    CHECK(after_hello(record(24, "x")) == "lost: malformed record");
    CHECK(after_hello(std::string("\x16\2\3\0\1x", 6)) ==
          "lost: malformed record");
    CHECK(after_hello(std::string("\x16\3\3\x48\1", 5)) ==
          "lost: malformed record");
    CHECK(heard({client(hello + std::string("\x16\3\3\x48\0", 5))}, false)
              .size() == 1);
    CHECK(heard({client(hello), server(record(22, message(2, "short")))}, true)
              .back() == "lost: malformed ServerHello");
    const auto retry = server_hello({"", tls13_chosen(), true});
    CHECK(heard({client(hello13), server(retry),
                 client(record(22, message(1, "short")))},
                true)
              .back() == "lost: malformed ClientHello");
    // Before a hello there is nothing to lose.
    for (const auto& bytes :
         {record(22, message(1, "short")), record(22, message(2, "x")),
          std::string("\x16\3\1\xff\xff", 5)}) {
        CHECK(heard({client(bytes)}, true).empty());
    }
}

TEST_CASE("TLS reader: hellos up to their bound") {
    // A record of that many zeros, in which a hello of this size begins.
    const auto begun = [](unsigned type, std::size_t size) {
        auto whole = message(type, std::string(size, '\0'));
        return record(22, whole.substr(0, 100));
    };
    constexpr auto most = TlsReader::max_hello;
    CHECK(heard({client(hello), server(begun(2, most))}, false).size() == 1);
    CHECK(heard({client(hello), server(begun(2, most + 1))}, true).back() ==
          "lost: a hello is longer than the program reads");
    CHECK(heard({client(hello), server(answer + begun(11, most + 1))}, false)
              .size() == 2);
    // What the server says too early waits, up to the same bound.
    const auto early =
        heard({server(answer + std::string(100, '\0')), client(hello)}, true);
    CHECK(early ==
          Lines{"client hello", "server hello", "lost: malformed record"});
    CHECK(heard({server(answer + std::string(most, '\0')), client(hello)}, true)
              .empty());
}

TEST_CASE("TLS reader: connections that end") {
    Flow flow;
    flow.from_start = true;
    const auto end = [&](const auto& act) {
        Heard all;
        TlsReader reader(all, flow);
        reader.data(Side::client, Time(), hello);
        act(reader);
        CHECK(reader.over());
        return all.lines.back();
    };
    CHECK(end([](TlsReader& reader) {
              reader.closed(Side::client, Time(), false);
          }) == "broken off: client closed the connection");
    CHECK(end([](TlsReader& reader) {
              reader.closed(Side::server, Time(), true);
          }) == "broken off: server reset the connection");
    CHECK(end([](TlsReader& reader) { reader.gap(Side::server, Time()); }) ==
          "lost: the capture lacks bytes");
    CHECK(end([](TlsReader& reader) { reader.forgotten(Time()); }) ==
          "lost: the capture ended, or too many connections were open");

    CHECK(heard({client("GET / HTTP/1.1\r\n\r\n")}, true) == Lines{"not TLS"});
    flow.from_start = false;
    Heard all;
    TlsReader reader(all, flow);
    reader.data(Side::client, Time(), "GET / HTTP/1.1\r\n\r\n");
    CHECK(all.lines.empty());
}

TEST_CASE("TLS reader: a proxy's header may be long, but not that long") {
    const auto proxied = [&](std::size_t more) {
        std::string header("\r\n\r\n\0\r\nQUIT\n\x21\x11", 14);
        const auto length = 12 + more;
        header += static_cast<char>(length >> 8);
        header += static_cast<char>(length);
        header += std::string("\1\2\3\4\12\0\0\1\x15\xb3\1\xbb", 12);
        return header + std::string(more, 't') + hello;
    };
    const Lines read{"client hello by 1.2.3.4:5555"};
    CHECK(heard({client(proxied(0))}, false) == read);
    CHECK(heard({client(proxied(1'000))}, false) == read);
    CHECK(heard({client(proxied(16'000))}, false) == read);
    CHECK(heard({client(proxied(17'000))}, true) == Lines{"not TLS"});
}

TEST_CASE("TLS reader: what it holds is counted") {
    Flow flow;
    flow.from_start = true;
    Heard all;
    TlsReader reader(all, flow);
    const auto before = reader.held();
    const auto whole = record(22, message(1, std::string(10'000, 'x')));
    reader.data(Side::client, Time(), whole.substr(0, 9'000));
    CHECK(reader.held() >= before + 8'000);
    CHECK(reader.held() <= before + 40'000);
}
