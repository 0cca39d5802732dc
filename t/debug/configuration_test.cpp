// What is made of nginx -T, and of what tcpdump says.

#include "debug/capture/tcpdump.hpp"
#include "debug/capture_filter.hpp"
#include "debug/configuration.hpp"

#include <doctest/doctest.h>

using namespace debug;

namespace {

const char conf_text[] = R"(# configuration file /etc/nginx/nginx.conf:
error_log /var/log/nginx/error.log debug;
http {
    remote_ssl_session_cache addr=10.0.0.5 "key=session.key" key=/etc/old.key;
    include sites/*;
}
# configuration file /etc/nginx/sites/a:
server {
    listen 443 ssl; # listen 444 ssl;
    listen [::]:8443 ssl http2;
    listen 127.0.0.1:9443 ssl;
    listen 80;
    listen unix:/run/n.sock ssl;
    location / { return 200 "listen 1 ssl; }"; }
}
server {
    listen 443 ssl;
    remote_ssl_session_cache type=memcached addr=10.0.0.6:11212
        addr=unix:/run/m.sock addr=10.0.0.7;
}
server { remote_ssl_session_cache off; }
server { remote_ssl_session_cache addr=10.0.0.8 tls=on; })";

}  // namespace

TEST_CASE("configuration: listeners, stores and keys") {
    const auto conf = read_nginx_conf(conf_text, "/etc/nginx");
    CHECK(conf.tls_ports == std::set<std::uint16_t>{443, 8443, 9443});
    CHECK(conf.stores.size() == 3);
    CHECK(conf.keys ==
          std::vector<std::string>{"/etc/nginx/session.key", "/etc/old.key"});
    CHECK(conf.debug_log);

    Roles roles;
    const auto missing = add_to(roles, conf);
    REQUIRE(missing.size() == 2);
    CHECK(missing[0].find("unix:/run/m.sock") != std::string::npos);
    CHECK(missing[1].find("TLS") != std::string::npos);
    CHECK(capture_filter(roles) ==
          "tcp and ((host 10.0.0.5 and port 6379) or "
          "(host 10.0.0.6 and port 11212) or (host 10.0.0.7 and port 11211) "
          "or port 443 or port 8443 or port 9443)");
}

TEST_CASE("configuration: other servers of a cluster have a seed's port") {
    Roles roles;
    const auto conf = read_nginx_conf(
        "listen 443 ssl; remote_ssl_session_cache cluster=on addr=10.0.0.5 "
        "addr=10.0.0.6:6380;",
        "/");
    CHECK(add_to(roles, conf).empty());
    REQUIRE(roles.stores.size() == 2);
    CHECK(roles.is_server(*read_endpoint("10.0.0.6:6380")));
    // Whether it is one of them, the capture tells.
    CHECK_FALSE(roles.is_server(*read_endpoint("10.0.0.7:6380")));
    CHECK(capture_filter(roles) ==
          "tcp and (port 443 or port 6379 or port 6380)");
}

TEST_CASE("configuration: ranges of ports") {
    Roles roles;
    const auto conf = read_nginx_conf(
        "server { listen 18443-18445 ssl; listen [::]:9000-9001 ssl;"
        " listen 127.0.0.1:7000-7000 ssl; listen 9001 ssl; listen 80-81;"
        " listen 127.0.0.1 ssl; listen [::1] ssl; listen 65534-65535 ssl; }",
        "/");
    CHECK(conf.tls_ports == std::set<std::uint16_t>{80, 7000, 9000, 9001, 18443,
                                                    18444, 18445, 65534,
                                                    65535});
    CHECK(add_to(roles, conf).empty());
    CHECK(capture_filter(roles) ==
          "tcp and (port 7000 or port 80 or portrange 18443-18445 or "
          "portrange 65534-65535 or portrange 9000-9001)");
}

TEST_CASE("configuration: words as nginx reads them") {
    const auto conf = read_nginx_conf(
        "listen \"443\" 'ssl';listen 444\tssl;listen 445 ssl}\n"
        "# listen 446 ssl;\nlisten 447 ssl{listen a\\ ssl;"
        "remote_ssl_session_cache 'key=a b' \"key=a\\\"b\" addr=10.0.0.1;"
        "remote_ssl_session_cache 'key=a b' addr=10.0.0.1 what=none;"
        "error_log a info; error_log debug;",
        "/d");
    CHECK(conf.tls_ports == std::set<std::uint16_t>{443, 444, 445, 447});
    CHECK(conf.keys == std::vector<std::string>{"/d/a b", "/d/a\"b"});
    CHECK(conf.stores.size() == 1);
    CHECK_FALSE(conf.debug_log);
    CHECK(
        read_nginx_conf("error_log a debug; error_log b info;", "/").debug_log);
}

TEST_CASE("configuration: Sentinels are no stores") {
    Roles roles;
    const auto missing = add_to(
        roles,
        read_nginx_conf("remote_ssl_session_cache sentinel=m addr=s1;", "/"));
    REQUIRE(missing.size() == 1);
    CHECK(missing[0].find("the Sentinels of \"m\"") != std::string::npos);
    CHECK(roles.stores.empty());
}

TEST_CASE("configuration: any beginning of it is read") {
    const std::string text = conf_text;
    for (std::size_t size = 0; size < text.size(); ++size) {
        CHECK(read_nginx_conf(text.substr(0, size), "/").stores.size() <= 3);
    }
}

TEST_CASE("tcpdump: what it says of drops") {
    CHECK_FALSE(read_dropped("listening on lo").has_value());
    CHECK(read_dropped("tcpdump: 3 packets captured, 4 packets received by "
                       "filter, 12 packets dropped by kernel\n"
                       "40 packets dropped by kernel\n")
              .value() == 40);
    CHECK(read_dropped("1 packet dropped by kernel").value() == 1);
    CHECK_FALSE(read_dropped(" packets dropped by kernel").has_value());
}
