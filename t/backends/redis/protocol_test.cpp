// RESP: what is sent and what is received.

#include "backends/redis/protocol.hpp"

#include "support/memory_checker.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <fstream>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

using backends::redis::append_command;
using backends::redis::error_code;
using backends::redis::Parser;
using backends::redis::Reply;
using backends::redis::text;
using backends::redis::time_of;
using backends::redis::version;
using namespace std::string_literals;

namespace {

struct Example {
    std::string bytes;
    int type;
    std::string text;
};

const std::vector<Example> examples{
    {"+OK\r\n", REDIS_REPLY_STATUS, "OK"},
    {"+\r\n", REDIS_REPLY_STATUS, ""},
    {"-ERR no such thing\r\n", REDIS_REPLY_ERROR, "ERR no such thing"},
    {"$5\r\nhello\r\n", REDIS_REPLY_STRING, "hello"},
    {"$0\r\n\r\n", REDIS_REPLY_STRING, ""},
    {"$6\r\na\0b\r\nc\r\n"s, REDIS_REPLY_STRING, "a\0b\r\nc"s},
    {"$-1\r\n", REDIS_REPLY_NIL, ""},
    {":42\r\n", REDIS_REPLY_INTEGER, ""},
};

std::string all_bytes() {
    std::string all;
    for (const auto& example : examples) {
        all += example.bytes;
    }
    return all;
}

void check(const redisReply& reply, const Example& example) {
    CAPTURE(example.bytes);
    CHECK(reply.type == example.type);
    if (reply.str != nullptr) {
        CHECK(text(reply) == example.text);
    }
}

const bool freed_memory_stays = support::in_sanitizer();

// The process's memory, in bytes.
std::size_t resident() {
    std::ifstream statm("/proc/self/statm");
    std::size_t all = 0;
    std::size_t resident = 0;
    statm >> all >> resident;
    return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

std::string code_of(const std::string& line) {
    Parser parser;
    REQUIRE(parser.feed("-" + line + "\r\n"));
    const Reply reply = parser.next();
    REQUIRE(reply != nullptr);
    return std::string(error_code(*reply));
}

}  // namespace

TEST_CASE("redis protocol: commands are appended as arrays of bulk strings") {
    backends::CleansedBytes out = "before";
    CHECK(append_command(out, {"PING"}));
    CHECK(append_command(out, {"SETEX", "key", "10", "a\0\r\n"}));
    CHECK(append_command(out, {"GET", ""}));
    CHECK(out == "before*1\r\n$4\r\nPING\r\n"
                 "*4\r\n$5\r\nSETEX\r\n$3\r\nkey\r\n$2\r\n10\r\n$1\r\na\r\n"
                 "*2\r\n$3\r\nGET\r\n$0\r\n\r\n");
}

TEST_CASE("redis protocol: a command's words may hold any bytes") {
    backends::CleansedBytes out;
    CHECK(append_command(out, {"GET", "a\0\r\n\xff"s}));
    CHECK(std::string_view(out) == "*2\r\n$3\r\nGET\r\n$5\r\na\0\r\n\xff\r\n"s);
}

TEST_CASE("redis protocol: replies of each type, all at once") {
    Parser parser;
    REQUIRE(parser.feed(all_bytes()));
    for (const auto& example : examples) {
        const Reply reply = parser.next();
        REQUIRE(reply != nullptr);
        check(*reply, example);
    }
    CHECK(parser.next() == nullptr);
    CHECK(parser.error().empty());
}

TEST_CASE("redis protocol: replies of each type, byte by byte") {
    Parser parser;
    for (const auto& example : examples) {
        for (std::size_t i = 0; i < example.bytes.size(); ++i) {
            CHECK(parser.next() == nullptr);
            REQUIRE(parser.feed({&example.bytes[i], 1}));
        }
        const Reply reply = parser.next();
        REQUIRE(reply != nullptr);
        check(*reply, example);
    }
    CHECK(parser.error().empty());
}

TEST_CASE("redis protocol: replies split at any one place") {
    const std::string all = all_bytes();
    for (std::size_t at = 0; at <= all.size(); ++at) {
        Parser parser;
        std::size_t n = 0;
        for (const auto& part : {all.substr(0, at), all.substr(at)}) {
            REQUIRE(parser.feed(part));
            while (const Reply reply = parser.next()) {
                check(*reply, examples.at(n++));
            }
        }
        CHECK(n == examples.size());
    }
}

TEST_CASE("redis protocol: an array is refused, whatever it claims to hold") {
    for (const char* array : {"*0\r\n", "*1\r\n$1\r\nx\r\n", "*2147483647\r\n",
                              "*1\r\n*1\r\n*1\r\n"}) {
        CAPTURE(array);
        Parser parser;
        REQUIRE(parser.feed("+OK\r\n"s + array + "+OK\r\n"));
        CHECK(parser.next() != nullptr);
        CHECK(parser.next() == nullptr);
        CHECK(parser.error() == "unexpected array");
    }
}

TEST_CASE("redis protocol: garbage is an error, and for good") {
    for (const std::string& garbage :
         {"HTTP/1.1 400 Bad Request\r\n"s, "\r\n"s, "\0\0\0\0"s,
          "\x16\x03\x01"s, "$abc\r\n"s, "$-2\r\n"s, "*-2\r\n"s, ":12x\r\n"s,
          "$99999999999999999999\r\n"s}) {
        CAPTURE(garbage);
        Parser parser;
        REQUIRE(parser.feed("+OK\r\n" + garbage));
        CHECK(parser.next() != nullptr);
        CHECK(parser.next() == nullptr);
        CHECK_FALSE(parser.error().empty());

        parser.feed("+OK\r\n");
        CHECK(parser.next() == nullptr);
        CHECK_FALSE(parser.error().empty());
    }
}

TEST_CASE("redis protocol: a reply below the longest is waited for") {
    Parser parser;
    const std::string value(Parser::max_reply - 100, 'x');
    const std::string bytes =
        "$" + std::to_string(value.size()) + "\r\n" + value + "\r\n";

    for (std::size_t at = 0; at < bytes.size(); at += 16384) {
        CHECK(parser.next() == nullptr);
        CHECK(parser.error().empty());
        REQUIRE(parser.feed(std::string_view(bytes).substr(at, 16384)));
    }
    const Reply reply = parser.next();
    REQUIRE(reply != nullptr);
    CHECK(text(*reply) == value);
    CHECK(parser.error().empty());
}

TEST_CASE("redis protocol: a reply that is too long is an error in time") {
    for (const char* length : {"3000000", "536870912", "9000000000000000000"}) {
        CAPTURE(length);
        Parser parser;
        std::size_t fed = 0;
        REQUIRE(parser.feed("$"s + length + "\r\n"));
        while (parser.next() == nullptr && parser.error().empty() &&
               fed < 2 * Parser::max_reply) {
            REQUIRE(parser.feed(std::string(16384, 'x')));
            fed += 16384;
        }
        CHECK_FALSE(parser.error().empty());
        CHECK(fed <= Parser::max_reply + 16384);
    }
}

// An endless answer to HELLO. (hiredis before 1.0 does not know RESP 3.)
TEST_CASE("redis protocol: an array is given up in time, whatever its shape") {
    const std::string megabyte(1 << 20, 'x');
    const std::vector<std::pair<std::string, std::string>> shapes{
        {"*2147483647\r\n", "$1\r\nx\r\n"},
        {"*64\r\n",
         "$1900000\r\n" + megabyte + megabyte.substr(148'576) + "\r\n"},
        {"*64\r\n", "*64\r\n:1\r\n:2\r\n"},
        {"*64\r\n*64\r\n", "*2\r\n:1\r\n"},
        {"", "*1\r\n"},
        {"", "*2\r\n:1\r\n"},
        {"*1000\r\n", "*1000\r\n$-1\r\n"},
        {"*500\r\n", "+" + std::string(10'000, 'x') + "\r\n"},
        {"*500\r\n", "-" + std::string(10'000, 'x') + "\r\n"},
        {"*4096\r\n", ":1\r\n"},
        {"%1000000\r\n", ":1\r\n"},
        {"~1000000\r\n", ":1\r\n"},
        {">1000000\r\n", ":1\r\n"},
        {"", "|1\r\n+a\r\n+b\r\n"},
        {"", "%1\r\n+a\r\n"},
        {"*500\r\n", "=10004\r\ntxt:" + megabyte.substr(0, 10'000) + "\r\n"},
        {"*500\r\n", "(" + std::string(10'000, '9') + "\r\n"},
        {"*9999999\r\n", "," + std::string(300, '1') + "\r\n"},
        {"*1\r\n+", "x"},
    };

    for (const auto& [head, more] : shapes) {
        const auto begin = head + more.substr(0, 20);
        CAPTURE(begin);
        Parser parser;
        parser.expect_array(true);
        REQUIRE(parser.feed(head));

        std::string part = more;
        while (part.size() < 16384) {
            part += more;
        }
        const auto before = resident();
        std::size_t most = before;
        std::size_t fed = 0;
        while (parser.error().empty() && fed < 64 * Parser::max_reply) {
            for (std::size_t at = 0; at < part.size(); at += 16384) {
                if (!parser.feed(std::string_view(part).substr(at, 16384))) {
                    break;
                }
                while (parser.next() != nullptr) {
                }
            }
            fed += part.size();
            most = std::max(most, resident());
        }
        CHECK_FALSE(parser.error().empty());
        CHECK(fed <= 2 * Parser::max_reply);
        if (!freed_memory_stays) {
            CHECK(most - before < 4 * Parser::max_reply);
        }
    }
}

TEST_CASE("redis protocol: an answer to HELLO may have many modules") {
    std::string answer = "*14\r\n$6\r\nserver\r\n$5\r\nredis\r\n"
                         "$7\r\nversion\r\n$5\r\n7.2.4\r\n"
                         "$5\r\nproto\r\n:2\r\n$2\r\nid\r\n:7\r\n"
                         "$4\r\nmode\r\n$10\r\nstandalone\r\n"
                         "$4\r\nrole\r\n$6\r\nmaster\r\n"
                         "$7\r\nmodules\r\n*40\r\n";
    for (int i = 0; i < 40; ++i) {
        answer += "*8\r\n$4\r\nname\r\n$6\r\nsearch\r\n"
                  "$3\r\nver\r\n:20810\r\n"
                  "$4\r\npath\r\n$21\r\n/lib/modules/search.s\r\n"
                  "$4\r\nargs\r\n*2\r\n$4\r\nMAXS\r\n$2\r\n10\r\n";
    }

    Parser parser;
    for (int times = 0; times < 100; ++times) {  // each may use the whole limit
        parser.expect_array(true);
        REQUIRE(parser.feed(answer));
        const Reply reply = parser.next();
        REQUIRE(reply != nullptr);
        CHECK(version(*reply) == "7.2.4");
    }
}

TEST_CASE("redis protocol: many short replies are not one too long") {
    Parser parser;
    std::string bytes;
    for (std::size_t i = 0; i < Parser::max_reply / 4; ++i) {
        bytes += "+OK\r\n";
    }
    REQUIRE(parser.feed(bytes));
    std::size_t n = 0;
    while (parser.next() != nullptr) {
        ++n;
    }
    CHECK(n == Parser::max_reply / 4);
    CHECK(parser.error().empty());
}

TEST_CASE("redis protocol: the code of an error is its first word") {
    CHECK(code_of("WRONGTYPE Operation against a key") == "WRONGTYPE");
    CHECK(code_of("LOADING") == "LOADING");
    CHECK(code_of("") == "");
    CHECK(code_of(" x") == "");
}

TEST_CASE("redis protocol: the time up to its bounds") {
    using std::chrono::milliseconds;
    const auto read = [](const std::string& reply) {
        Parser parser;
        parser.expect_array(true);
        REQUIRE(parser.feed(reply));
        const Reply whole = parser.next();
        REQUIRE(whole != nullptr);
        return time_of(*whole);
    };
    const auto bulk = [](const std::string& text) {
        return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
    };
    const auto time = [&](const std::string& seconds,
                          const std::string& micros) {
        return read("*2\r\n" + bulk(seconds) + bulk(micros));
    };
    CHECK(time("1700000000", "123456") == milliseconds(1'700'000'000'123));
    CHECK(time("0", "0") == milliseconds(0));
    CHECK(time("100000000000", "999999") == milliseconds(100'000'000'000'999));
    CHECK_FALSE(time("100000000001", "0"));
    CHECK_FALSE(time("1700000000", "1000000"));
    CHECK_FALSE(time("-1", "0"));
    CHECK_FALSE(time("", "0"));
    CHECK_FALSE(read("*1\r\n" + bulk("1700000000")));
    CHECK_FALSE(read("*2\r\n:1700000000\r\n:0\r\n"));
    CHECK_FALSE(read(bulk("1700000000")));
}
