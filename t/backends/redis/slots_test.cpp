// What Redis Cluster says about itself, as each version puts it.

#include "backends/redis/slots.hpp"

#include <doctest/doctest.h>
#include <string>
#include <vector>

using namespace backends::redis;
using namespace std::string_literals;

namespace {

std::string bulk(const std::string& text) {
    return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
}

std::string integer(long long value) {
    return ":" + std::to_string(value) + "\r\n";
}

std::string array(const std::vector<std::string>& elements) {
    std::string all = "*" + std::to_string(elements.size()) + "\r\n";
    for (const auto& element : elements) {
        all += element;
    }
    return all;
}

const std::string nil = "$-1\r\n";
const std::string id = bulk(std::string(40, 'a'));

std::string range(int first, int last, const std::vector<std::string>& nodes) {
    std::vector<std::string> elements{integer(first), integer(last)};
    elements.insert(elements.end(), nodes.begin(), nodes.end());
    return array(elements);
}

std::optional<Topology> parse(const std::string& answer) {
    Parser parser;
    parser.expect_slots();
    REQUIRE(parser.feed(answer));
    const Reply reply = parser.next();
    REQUIRE(reply != nullptr);
    return parse_topology(*reply);
}

std::optional<Topology> parse_node(const std::string& node) {
    return parse(array({range(0, 16383, {node})}));
}

Endpoint only_master(const std::string& node) {
    const auto topology = parse_node(node);
    REQUIRE(topology);
    REQUIRE(topology->masters.size() == 1);
    REQUIRE(topology->ranges.size() == 1);
    return topology->masters[0];
}

}  // namespace

TEST_CASE("redis slots: of keys, as CLUSTER KEYSLOT has them") {
    CHECK(slot_of("123456789") == 0x31c3);  // from the specification
    CHECK(slot_of("") == 0);
    CHECK(slot_of("foo") == 12182);
    CHECK(slot_of("{foo}bar") == 12182);
    CHECK(slot_of("x{foo}") == 12182);
    CHECK(slot_of("{foo}{bar}") == 12182);
    CHECK(slot_of("{user1000}.following") == slot_of("user1000"));
    CHECK(slot_of("foo{}{bar}") == 8363);
    CHECK(slot_of("foo{{bar}}zap") == slot_of("{bar"));
    CHECK(slot_of("foo{bar") == slot_of("foo{bar"));
    CHECK(slot_of("}foo{bar}") == slot_of("bar"));
    CHECK(slot_of("\xff\x00\x80"s) == slot_of("{\xff\x00\x80}"s));
}

TEST_CASE("redis slots: Redis 3 tells hosts and ports, and later IDs") {
    const auto three = parse(array(
        {range(0, 5460,
               {array({bulk("127.0.0.1"), integer(7000)}),
                array({bulk("127.0.0.1"), integer(7003)})}),
         range(5461, 16383, {array({bulk("127.0.0.1"), integer(7001)})})}));
    REQUIRE(three);
    REQUIRE(three->masters.size() == 2);
    CHECK(three->masters[0] == Endpoint{"127.0.0.1", 7000});
    CHECK(three->masters[1] == Endpoint{"127.0.0.1", 7001});
    REQUIRE(three->ranges.size() == 2);
    CHECK(three->ranges[0].first == 0);
    CHECK(three->ranges[0].last == 5460);
    CHECK(three->ranges[0].master == 0);
    CHECK(three->ranges[1].first == 5461);
    CHECK(three->ranges[1].last == 16383);
    CHECK(three->ranges[1].master == 1);

    // Redis 4 and 6
    CHECK(only_master(array({bulk("10.0.0.1"), integer(6379), id})) ==
          Endpoint{"10.0.0.1", 6379});
}

// Redis 7.0.15, whose first node has cluster-announce-hostname
TEST_CASE("redis slots: as a Redis 7 has said") {
    const auto topology =
        parse("*3\r\n"
              "*3\r\n:0\r\n:5460\r\n*4\r\n$9\r\n127.0.0.1\r\n:22891\r\n$40\r\n"
              "cd92e3bdb139d0c5617a533eb7b0030f53d2e023\r\n"
              "*2\r\n$8\r\nhostname\r\n$7\r\nn1.test\r\n"
              "*3\r\n:5461\r\n:10922\r\n*4\r\n$9\r\n127.0.0.1\r\n:23495\r\n"
              "$40\r\n658ae275140134a9624b620f5c2bfa99218b9860\r\n*0\r\n"
              "*3\r\n:10923\r\n:16383\r\n*4\r\n$9\r\n127.0.0.1\r\n:29130\r\n"
              "$40\r\n726dabf9b68b10bf0640fa2279cd0ef365622117\r\n*0\r\n");
    REQUIRE(topology);
    REQUIRE(topology->masters.size() == 3);
    CHECK(topology->masters[0] == Endpoint{"127.0.0.1", 22891, "", "n1.test"});
    CHECK(topology->masters[1] == Endpoint{"127.0.0.1", 23495});
    CHECK(topology->masters[2] == Endpoint{"127.0.0.1", 29130});
    CHECK(topology->ranges.size() == 3);
}

// Redis 7 and 8, Valkey 7.2 and 8: cluster-preferred-endpoint-type
TEST_CASE("redis slots: endpoints of any type") {
    const auto metadata = [](const std::string& key, const std::string& value) {
        return array({bulk(key), bulk(value)});
    };
    const auto port = integer(6379);

    CHECK(only_master(
              array({bulk("n1.test"), port, id, metadata("ip", "10.0.0.1")})) ==
          Endpoint{"n1.test", 6379, "10.0.0.1"});
    CHECK(only_master(array({nil, port, id, metadata("ip", "10.0.0.1")})) ==
          Endpoint{"", 6379, "10.0.0.1"});
    CHECK(only_master(array({bulk("?"), port, id, array({})})) ==
          Endpoint{"", 6379});
    CHECK(only_master(array({bulk(""), port, id})) == Endpoint{"", 6379});
    CHECK(only_master(array({bulk("::1"), port, id, array({})})) ==
          Endpoint{"::1", 6379});
    CHECK(only_master(array({bulk("10.0.0.1"), port, id,
                             metadata("availability-zone", "a \"b\"")})) ==
          Endpoint{"10.0.0.1", 6379});
    CHECK(only_master(array({bulk("10.0.0.1"), port, id, array({bulk("ip")}),
                             bulk("what"), bulk("else")})) ==
          Endpoint{"10.0.0.1", 6379});
}

TEST_CASE("redis slots: endpoints as text") {
    CHECK(text_of({"10.0.0.1", 1}) == "10.0.0.1:1");
    CHECK(text_of({"n1.test", 6379}) == "n1.test:6379");
    CHECK(text_of({"::1", 6379}) == "[::1]:6379");
}

TEST_CASE("redis slots: one master is one, however many ranges it has") {
    std::vector<std::string> ranges;
    for (int slot = 0; slot < 16384; ++slot) {
        const auto node = [&](int port) {
            return array({bulk("127.0.0.1"), integer(port), id,
                          array({bulk("hostname"), bulk("node.test")})});
        };
        ranges.push_back(
            range(slot, slot, {node(7000 + slot % 3), node(7010), node(7020)}));
    }
    const auto topology = parse(array(ranges));
    REQUIRE(topology);
    CHECK(topology->masters.size() == 3);
    CHECK(topology->ranges.size() == 16384);
}

TEST_CASE("redis slots: a master without a port is left out") {
    const auto topology =
        parse(array({range(0, 1, {array({bulk("127.0.0.1"), integer(0)})}),
                     range(2, 3, {array({bulk("127.0.0.1"), integer(1)})})}));
    REQUIRE(topology);
    CHECK(topology->masters.size() == 1);
    CHECK(topology->ranges.size() == 1);
    CHECK_FALSE(parse_node(array({bulk("127.0.0.1"), integer(0)})));
}

TEST_CASE("redis slots: what is no such answer is refused") {
    const auto good = array({bulk("127.0.0.1"), integer(7000)});
    for (const std::string& answer : {
             "+OK\r\n"s,
             "-ERR This instance has cluster support disabled\r\n"s,
             "*-1\r\n"s,
             nil,
             array({}),
             array({integer(1)}),
             array({array({})}),
             array({range(0, 1, {})}),
             array({range(-1, 1, {good})}),
             array({range(1, 0, {good})}),
             array({range(0, 16384, {good})}),
             array({array({bulk("0"), integer(1), good})}),
             array({range(0, 1, {bulk("127.0.0.1:7000")})}),
             array({range(0, 1, {array({bulk("127.0.0.1")})})}),
             array({range(0, 1, {array({bulk("a"), bulk("7000")})})}),
             array({range(0, 1, {array({bulk("a"), integer(65536)})})}),
             array({range(0, 1, {array({bulk("a"), integer(-1)})})}),
             array({range(0, 1, {array({integer(1), integer(1)})})}),
             array({range(0, 1, {array({bulk("a b"), integer(1)})})}),
             array({range(0, 1, {array({bulk("a\nb"), integer(1)})})}),
             array({range(0, 1, {array({bulk("\x1b[2J"), integer(1)})})}),
             array({range(0, 1,
                          {array({bulk(std::string(256, 'a')), integer(1)})})}),
             array({range(0, 1, {good}), range(2, 1, {good})}),
         }) {
        CAPTURE(answer);
        CHECK_FALSE(parse(answer));
    }
}

TEST_CASE("redis slots: no more masters than a cluster has") {
    std::vector<std::string> ranges;
    for (int i = 0; i < 1000; ++i) {
        ranges.push_back(
            range(i, i, {array({bulk("127.0.0.1"), integer(i + 1)})}));
    }
    CHECK(parse(array(ranges)));
    ranges.push_back(
        range(1000, 1000, {array({bulk("127.0.0.1"), integer(1001)})}));
    CHECK_FALSE(parse(array(ranges)));
}

TEST_CASE("redis slots: redirects") {
    const auto moved = [](const std::string& where) {
        const auto redirect = parse_redirect("MOVED 3999 " + where);
        REQUIRE(redirect);
        CHECK_FALSE(redirect->ask);
        CHECK(redirect->slot == 3999);
        return redirect->to;
    };
    CHECK(moved("127.0.0.1:6381") == Endpoint{"127.0.0.1", 6381});
    CHECK(moved("::1:6381") == Endpoint{"::1", 6381});
    CHECK(moved("2001:db8::5:6381") == Endpoint{"2001:db8::5", 6381});
    CHECK(moved("[::1]:6381") == Endpoint{"::1", 6381});
    CHECK(moved("n1.test:6381") == Endpoint{"n1.test", 6381});
    CHECK(moved(":6381") == Endpoint{"", 6381});
    CHECK(moved("?:6381") == Endpoint{"", 6381});

    const auto ask = parse_redirect("ASK 0 10.0.0.1:1");
    REQUIRE(ask);
    CHECK(ask->ask);
    CHECK(ask->slot == 0);
    CHECK(ask->to == Endpoint{"10.0.0.1", 1});
}

TEST_CASE("redis slots: what is no redirect") {
    for (const std::string error : {"",
                                    "MOVED",
                                    "MOVED 1",
                                    "MOVED 1 ",
                                    "MOVED 1 a",
                                    "MOVED 1 a:",
                                    "MOVED 1 a:0",
                                    "MOVED 1 a:65536",
                                    "MOVED 1 a:-1",
                                    "MOVED 1 a:1 b",
                                    "MOVED 16384 a:1",
                                    "MOVED -1 a:1",
                                    "MOVED  1 a:1",
                                    "MOVED x a:1",
                                    "moved 1 a:1",
                                    "ASKING 1 a:1",
                                    "MOVED 1 a'b:1",
                                    "MOVED 1 a\x1b:1",
                                    "CLUSTERDOWN The cluster is down",
                                    "ERR MOVED 1 a:1"}) {
        CAPTURE(error);
        CHECK_FALSE(parse_redirect(error));
    }
}
