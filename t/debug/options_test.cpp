// The command line.

#include "debug/options.hpp"

#include <doctest/doctest.h>

using namespace debug;

namespace {

Options options(std::vector<std::string> words) {
    words.insert(words.begin(), "debug");
    std::vector<char*> arguments;
    arguments.reserve(words.size());
    for (auto& word : words) {
        arguments.push_back(word.data());
    }
    return read_options(arguments);
}

}  // namespace

TEST_CASE("options: stores, ports and what excludes each other") {
    const auto read =
        options({"-i", "lo", "-p", "443,8443", "--store", "redis:[::1]:6380",
                 "--store=memcached:11212", "--seconds", "5", "--count=7"});
    CHECK(read.interface == "lo");
    CHECK(read.roles.tls_ports == std::set<std::uint16_t>{443, 8443});
    REQUIRE(read.roles.stores.size() == 2);
    CHECK(read.roles.is_server(*read_endpoint("[::1]:6380")));
    CHECK_FALSE(read.roles.is_server(*read_endpoint("127.0.0.1:6380")));
    CHECK(read.roles.is_server(*read_endpoint("10.9.8.7:11212")));
    CHECK(read.count == 7);

    CHECK(options({"--demo=sentinel"}).demo_store == "sentinel");
    CHECK_THROWS_AS(options({"--demo=brew"}), UsageError);
    CHECK_THROWS_AS(options({"--demo", "-r", "x"}), UsageError);
    CHECK_THROWS_AS(options({"-p", "http"}), UsageError);
    CHECK_THROWS_AS(options({"-p", "65536"}), UsageError);
    CHECK_THROWS_AS(options({"--seconds", "-1"}), UsageError);
    CHECK_THROWS_AS(options({"what"}), UsageError);
    CHECK_THROWS(options({"--store", "mysql:1"}));
    CHECK_THROWS(options({"--store", "redis:[::1]:x"}));
}

TEST_CASE("options: each of them") {
    const auto none = options({});
    CHECK_FALSE(none.demo);
    CHECK(none.user == "nobody");
    CHECK(none.count == 0);
    CHECK_FALSE(none.seconds.has_value());
    CHECK_FALSE(none.colours.has_value());
    CHECK_FALSE((none.json || none.full_ids || none.help || none.version));
    for (const auto* set : {&none.interface, &none.file, &none.conf,
                            &none.error_log, &none.html, &none.key_id}) {
        CHECK(set->empty());
    }

    CHECK(options({"--demo"}).demo);
    CHECK(options({"--demo"}).demo_store == "redis");
    CHECK(options({"--conf", "a"}).conf == "a");
    CHECK(options({"--interface=a"}).interface == "a");
    CHECK(options({"--read", "a"}).file == "a");
    CHECK(options({"--error-log", "a"}).error_log == "a");
    CHECK(options({"--error-log=-"}).error_log == "/dev/stdin");
    CHECK(options({"--key=a", "--key=b"}).keys ==
          std::vector<std::string>{"a", "b"});
    CHECK(options({"--json"}).json);
    CHECK(options({"--html", "a"}).html == "a");
    CHECK(options({"--full-ids"}).full_ids);
    CHECK(options({"--color"}).colours == true);
    CHECK(options({"--color=always"}).colours == true);
    CHECK(options({"--color=never"}).colours == false);
    CHECK_FALSE(options({"--color=auto"}).colours.has_value());
    CHECK(options({"--seconds=5"}).seconds == std::chrono::seconds(5));
    CHECK(options({"--user=a"}).user == "a");
    CHECK(options({"-h"}).help);
    CHECK(options({"--help"}).help);
    CHECK(options({"--version"}).version);
    CHECK(options({"--key-id=a"}).key_id == "a");
}

TEST_CASE("options: sources exclude each other") {
    const std::vector<std::vector<std::string>> sources{
        {"--demo"}, {"--conf", "a"}, {"-r", "a"}, {"-i", "lo"}};
    for (const auto& one : sources) {
        CHECK_NOTHROW(options(one));
        for (const auto& other : sources) {
            auto both = one;
            both.insert(both.end(), other.begin(), other.end());
            CAPTURE(both);
            // What is configured may be captured on one interface.
            const bool may = &one == &other ||
                             (one[0] == "--conf" && other[0] == "-i") ||
                             (one[0] == "-i" && other[0] == "--conf");
            if (may) {
                CHECK_NOTHROW(options(both));
            } else {
                CHECK_THROWS_AS(options(both), UsageError);
            }
        }
        auto with_log = one;
        with_log.push_back("--error-log=a");
        CHECK_NOTHROW(options(with_log));
    }
    CHECK_THROWS_AS(options({"--color=red"}), UsageError);
}
