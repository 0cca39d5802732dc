// Redis and memcached as they are read from the wire.

#include "debug/observed.hpp"
#include "debug/wire/memcached.hpp"
#include "debug/wire/memcached_text.hpp"
#include "debug/wire/redis.hpp"

#include <doctest/doctest.h>
#include <map>
#include <string>
#include <type_traits>
#include <vector>

using namespace debug;
using support::redis_command;

namespace {

// Writes down what it hears.
class Heard : public StoreListener {
  public:
    std::vector<std::string> lines;

    void asked(const Flow& /*flow*/, Time /*time*/,
               const StoreCommand& command) override {
        names_[command.id - first_] = command.key;
        lines.push_back(std::string(command.name) + ' ' + command.key + ' ' +
                        std::to_string(command.size));
    }
    void answered(const Flow& /*flow*/, Time /*time*/, std::uint64_t id,
                  const StoreReply& reply) override {
        static const char* const outcomes[] = {"hit",   "miss",     "done",
                                               "error", "redirect", "away"};
        lines.push_back(names_.at(id - first_) + ": " +
                        outcomes[static_cast<int>(reply.outcome)] + ' ' +
                        std::to_string(reply.size) + reply.text +
                        (reply.to.empty() ? "" : " " + reply.to));
    }
    void disconnected(const Flow& /*flow*/, Time /*time*/, Side by) override {
        lines.emplace_back(by == Side::client ? "client left" : "server left");
    }
    void unseen(const Flow& /*flow*/, std::uint64_t id) override {
        lines.push_back(names_.at(id - first_) + ": unseen");
    }

  private:
    std::uint64_t first_ = next_command_id();
    std::map<std::uint64_t, std::string> names_;
};

using Lines = std::vector<std::string>;

template <class AReader>
AReader reader(Heard& heard, const Flow& flow, RedisNodes& nodes) {
    if constexpr (std::is_same_v<AReader, RedisReader>) {
        return RedisReader(heard, flow, nodes);
    } else {
        return AReader(heard, flow);
    }
}

Flow flow_to(const std::string& server) {
    Flow flow;
    flow.server = *read_endpoint(server);
    flow.from_start = true;
    return flow;
}

// The same whether it comes at once or byte by byte.
template <class AReader>
Lines heard(const std::string& commands, const std::string& replies) {
    const Flow flow = flow_to("10.0.0.9:6379");
    RedisNodes nodes;
    Heard whole;
    AReader one = reader<AReader>(whole, flow, nodes);
    one.data(Side::client, Time(), commands);
    one.data(Side::server, Time(), replies);

    Heard pieces;
    AReader other = reader<AReader>(pieces, flow, nodes);
    // What is spoken, the first bytes have to tell at once.
    other.data(Side::client, Time(), commands.substr(0, 24));
    for (std::size_t i = 24; i < commands.size(); ++i) {
        other.data(Side::client, Time(), commands.substr(i, 1));
    }
    for (const char byte : replies) {
        other.data(Side::server, Time(), {&byte, 1});
    }
    CHECK(whole.lines == pieces.lines);
    return whole.lines;
}

std::string binary(unsigned magic, unsigned opcode, const std::string& key,
                   const std::string& extras, const std::string& value,
                   unsigned status = 0) {
    const auto body = key.size() + extras.size() + value.size();
    std::string packet(24, '\0');
    packet[0] = static_cast<char>(magic);
    packet[1] = static_cast<char>(opcode);
    packet[3] = static_cast<char>(key.size());
    packet[4] = static_cast<char>(extras.size());
    packet[7] = static_cast<char>(status);
    packet[10] = static_cast<char>(body >> 8);
    packet[11] = static_cast<char>(body);
    return packet + extras + key + value;
}

}  // namespace

TEST_CASE("redis reader: pipelined commands and replies of every kind") {
    CHECK(heard<RedisReader>(
              "*2\r\n$4\r\nAUTH\r\n$6\r\nsecret\r\n*1\r\n$4\r\nPING\r\n"
              "*2\r\n$3\r\nGET\r\n$1\r\na\r\n*2\r\n$3\r\nget\r\n$1\r\nb\r\n"
              "*4\r\n$5\r\nSETEX\r\n$1\r\nc\r\n$3\r\n300\r\n$4\r\n\r\n$1\r\n"
              "*2\r\n$3\r\nDEL\r\n$1\r\nd\r\n*2\r\n$3\r\nGET\r\n$1\r\ne\r\n",
              "+OK\r\n+PONG\r\n$3\r\n\r\n$\r\n$-1\r\n+OK\r\n:1\r\n"
              "-NOAUTH 'secret'\r\n") ==
          Lines{"GET a 0", "GET b 0", "SETEX c 4", "DEL d 0", "GET e 0",
                "a: hit 3", "b: miss 0", "c: done 0", "d: done 0",
                "e: error 0NOAUTH"});
}

TEST_CASE("redis reader: arrays keep replies in their places") {
    CHECK(
        heard<RedisReader>("*3\r\n$4\r\nMGET\r\n$1\r\nx\r\n$1\r\ny\r\n"
                           "*2\r\n$3\r\nGET\r\n$1\r\na\r\n",
                           "*2\r\n$1\r\n1\r\n*2\r\n:1\r\n*0\r\n$2\r\nhi\r\n") ==
        Lines{"GET a 0", "a: hit 2"});
}

TEST_CASE("redis reader: replies that do not fit end what was pending") {
    CHECK(heard<RedisReader>("*2\r\n$3\r\nGET\r\n$1\r\na\r\n", ":1\r\n") ==
          Lines{"GET a 0", "a: unseen"});
    CHECK(heard<RedisReader>("*2\r\n$3\r\nGET\r\n$1\r\na\r\n",
                             "\x01 nonsense\r\n") ==
          Lines{"GET a 0", "a: unseen"});
}

TEST_CASE("redis reader: huge headers allocate nothing") {
    CHECK(heard<RedisReader>("*2\r\n$3\r\nGET\r\n$1\r\na\r\n",
                             "*999999999999\r\n") ==
          Lines{"GET a 0", "a: unseen"});
}

TEST_CASE("redis reader: what was answered before a gap stays so") {
    Heard all;
    RedisNodes nodes;
    RedisReader reader(all, flow_to("10.0.0.9:6379"), nodes);
    const auto get = [](const std::string& key) {
        return "*2\r\n$3\r\nGET\r\n$1\r\n" + key + "\r\n";
    };
    reader.data(Side::client, Time(), get("a"));
    reader.data(Side::server, Time(), "$1\r\nv\r\n");
    reader.gap(Side::server, Time());
    reader.data(Side::client, Time(), get("b"));
    // The first one answers what the capture lacks.
    reader.data(Side::server, Time(), "$2\r\nvv\r\n$3\r\nvvv\r\n");
    CHECK(all.lines ==
          Lines{"GET a 0", "a: hit 1", "GET b 0", "b: hit 2", "b: hit 3"});
}

TEST_CASE("redis reader: it goes on after a gap") {
    Heard all;
    RedisNodes nodes;
    RedisReader reader(all, flow_to("10.0.0.9:6379"), nodes);
    reader.data(Side::client, Time(), "*2\r\n$3\r\nGET\r\n$1\r\na\r\n");
    reader.gap(Side::server, Time());
    reader.data(Side::server, Time(), "half of a value\r\n");
    reader.data(Side::client, Time(), "*2\r\n$3\r\nGET\r\n$1\r\nb\r\n");
    reader.data(Side::server, Time(), "$1\r\nv\r\n");
    reader.closed(Side::client, Time(), false);
    CHECK(all.lines ==
          Lines{"GET a 0", "a: unseen", "GET b 0", "b: hit 1", "client left"});
}

namespace {

// Of these, which have been learned from a server's answer, in pieces or not.
Lines learned(const std::string& command, const std::string& reply,
              const Lines& asked, const std::string& server) {
    Lines found;
    for (const std::size_t piece : {reply.size(), std::size_t(1)}) {
        Lines now;
        Heard all;
        RedisNodes nodes;
        RedisReader reader(all, flow_to(server), nodes);
        reader.data(Side::client, Time(), command);
        for (std::size_t i = 0; i < reply.size(); i += piece) {
            reader.data(Side::server, Time(), reply.substr(i, piece));
        }
        for (const auto& each : asked) {
            if (nodes.has(*read_endpoint(each))) {
                now.push_back(each);
            }
        }
        CHECK((found.empty() || found == now));
        found = now;
    }
    return found;
}

Lines learned_slots(const std::string& reply, const Lines& asked,
                    const std::string& server = "10.0.0.9:6379") {
    return learned(redis_command({"CLUSTER", "slots"}), reply, asked, server);
}

}  // namespace

TEST_CASE("redis reader: redirects, and who has nobody for a slot") {
    const std::string get = redis_command({"GET", "a"});
    CHECK(heard<RedisReader>(get + get + redis_command({"ASKING"}) + get + get +
                                 get + get + get + get,
                             "-MOVED 3999 10.0.0.2:6379\r\n"
                             "-ASK 3999 10.0.0.2:6380\r\n"
                             "+OK\r\n$3\r\nabc\r\n"
                             "-CLUSTERDOWN Hash slot not served\r\n"
                             "-TRYAGAIN Multiple keys request\r\n"
                             "-MOVED 1 2001:db8::2:6379\r\n"
                             "-MOVED 1 n2.example.com:6379\r\n"
                             "-MOVED 1 :7000\r\n") ==
          Lines{"GET a 0", "GET a 0", "GET a 0", "GET a 0", "GET a 0",
                "GET a 0", "GET a 0", "GET a 0",
                "a: redirect 0MOVED 10.0.0.2:6379",
                "a: redirect 0ASK 10.0.0.2:6380", "a: hit 3",
                "a: away 0CLUSTERDOWN", "a: away 0TRYAGAIN",
                "a: redirect 0MOVED [2001:db8::2]:6379",
                "a: redirect 0MOVED n2.example.com:6379",
                "a: redirect 0MOVED 10.0.0.9:7000"});
}

TEST_CASE("redis reader: redirects that make no sense are errors") {
    for (const std::string error :
         {"MOVED", "MOVED 1", "MOVED 1 10.0.0.2",
          "MOVED 1 10.0.0.2:", "MOVED 1 10.0.0.2:x", "MOVED 1 10.0.0.2:123456",
          "MOVED 1 a\x1b[2J:6379"}) {
        CAPTURE(error);
        CHECK(heard<RedisReader>(redis_command({"GET", "abcdef"}),
                                 '-' + error + "\r\n") ==
              Lines{"GET abcdef 0", "abcdef: error 0MOVED"});
    }
}

TEST_CASE("redis reader: a host or a port up to its bounds") {
    const auto sent_to = [](const std::string& where) {
        return heard<RedisReader>(redis_command({"GET", "a"}),
                                  "-MOVED 1 " + where + "\r\n")
            .back();
    };
    const std::string host(253, 'h');
    CHECK(sent_to(host + ":6379") == "a: redirect 0MOVED " + host + ":6379");
    CHECK(sent_to(host + "h:6379") == "a: error 0MOVED");
    CHECK(sent_to("a_b-c.d:12345") == "a: redirect 0MOVED a_b-c.d:12345");
    CHECK(sent_to("10.0.0.2:12345") == "a: redirect 0MOVED 10.0.0.2:12345");
    CHECK(sent_to("a/b:6379") == "a: error 0MOVED");
}

TEST_CASE("redis reader: lines, and what is in arrays, up to their bounds") {
    const std::string get = redis_command({"GET", "abcdef"});
    const auto last = [&](const std::string& reply) {
        return heard<RedisReader>(get + get, reply + "$1\r\nv\r\n").back();
    };
    constexpr auto most = RespScanner::max_line;
    CHECK(last('-' + std::string(most - 2, 'X') + "\r\n") == "abcdef: hit 1");
    CHECK(last('-' + std::string(most, 'X') + "\r\n") == "abcdef: unseen");
    // Each kind of RESP3, where a lookup's reply should be.
    const auto after = [&](const std::string& reply) {
        return heard<RedisReader>(redis_command({"WHATEVER"}) + get,
                                  reply + "$1\r\nv\r\n")
            .back();
    };
    for (const std::string reply :
         {"_\r\n", "#t\r\n", ",1.5\r\n", "(12345\r\n", "!5\r\nERR x\r\n",
          "=7\r\ntxt:abc\r\n", "~2\r\n+a\r\n:1\r\n",
          "%2\r\n+a\r\n:1\r\n+b\r\n*1\r\n+c\r\n", "%0\r\n",
          "*2\r\n*0\r\n*1\r\n$0\r\n\r\n", "*-1\r\n",
          ">2\r\n+message\r\n+x\r\n+OK\r\n"}) {
        CAPTURE(reply);
        CHECK(after(reply) == "abcdef: hit 1");
    }
    CHECK(after("%1\r\n+a\r\n") == "GET abcdef 0");
}

TEST_CASE("redis reader: what else a worker asks is no lookup") {
    CHECK(heard<RedisReader>(
              redis_command({"HELLO", "2"}) + redis_command({"PING"}) +
                  redis_command({"TIME"}) + redis_command({"INFO", "stats"}) +
                  redis_command({"ROLE"}) +
                  redis_command({"CLUSTER", "SLOTS"}) +
                  redis_command({"GET", "a"}),
              "*2\r\n$6\r\nserver\r\n$5\r\nredis\r\n+PONG\r\n"
              "*2\r\n$1\r\n1\r\n$1\r\n2\r\n$3\r\n#\r\n\r\n"
              "*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n*0\r\n$-1\r\n") ==
          Lines{"GET a 0", "a: miss 0"});
}

TEST_CASE("redis reader: who is to be asked is learned") {
    const std::string get = redis_command({"GET", "a"});
    CHECK(learned(get, "-MOVED 1 10.0.0.2:6379\r\n", {"10.0.0.2:6379"},
                  "10.0.0.9:6379") == Lines{"10.0.0.2:6379"});
    CHECK(learned(get, "-ASK 1 ::2:6379\r\n", {"[::2]:6379"},
                  "10.0.0.9:6379") == Lines{"[::2]:6379"});
    CHECK(learned(get, "-ASK 1 ?:7000\r\n", {"[::9]:7000", "[::9]:6379"},
                  "[::9]:6379") == Lines{"[::9]:7000"});
    CHECK(
        learned(get, "-MOVED 1 10.0.0.2:0\r\n", {"10.0.0.2:0"}, "10.0.0.9:6379")
            .empty());
    const std::string master =
        redis_command({"SENTINEL", "get-master-addr-by-name", "mymaster"});
    CHECK(learned(master, redis_command({"10.0.0.2", "6379"}),
                  {"10.0.0.2:6379"},
                  "10.0.0.9:26379") == Lines{"10.0.0.2:6379"});
    CHECK(learned(master, "*-1\r\n", {"10.0.0.9:26379"}, "10.0.0.9:26379")
              .empty());
}

TEST_CASE("redis reader: slots tell of a cluster's servers") {
    // Redis 3, with a replica.
    CHECK(learned_slots("*2\r\n"
                        "*4\r\n:0\r\n:5460\r\n"
                        "*2\r\n$8\r\n10.0.0.1\r\n:6379\r\n"
                        "*2\r\n$8\r\n10.0.0.2\r\n:6380\r\n"
                        "*3\r\n:5461\r\n:16383\r\n"
                        "*2\r\n$0\r\n\r\n:6381\r\n",
                        {"10.0.0.1:6379", "10.0.0.2:6380", "10.0.0.9:6381",
                         "10.0.0.1:5460"}) ==
          Lines{"10.0.0.1:6379", "10.0.0.2:6380", "10.0.0.9:6381"});
    // Redis 7: an ID, and a host that is a name, or is not known.
    CHECK(learned_slots("*1\r\n*4\r\n:0\r\n:16383\r\n"
                        "*4\r\n$14\r\nn1.example.com\r\n:6379\r\n"
                        "$3\r\nid1\r\n"
                        "*2\r\n$2\r\nip\r\n$8\r\n10.0.0.1\r\n"
                        "*4\r\n$-1\r\n:6380\r\n$3\r\nid2\r\n*0\r\n",
                        {"10.0.0.1:6379", "10.0.0.9:6380"}) ==
          Lines{"10.0.0.1:6379", "10.0.0.9:6380"});
    // RESP3.
    CHECK(learned_slots("*1\r\n*3\r\n:0\r\n:16383\r\n"
                        "*4\r\n+n1\r\n:6379\r\n$3\r\nid1\r\n"
                        "%1\r\n$2\r\nip\r\n$3\r\n::1\r\n",
                        {"[::1]:6379"}) == Lines{"[::1]:6379"});
}

TEST_CASE("redis reader: only the answer to CLUSTER SLOTS tells of servers") {
    const std::string reply = "*1\r\n*3\r\n:0\r\n:16383\r\n"
                              "*2\r\n$8\r\n10.0.0.1\r\n:6379\r\n";
    const Lines server{"10.0.0.1:6379"};
    CHECK(learned_slots(reply, server) == server);
    for (const auto& other :
         {redis_command({"CLUSTER", "nodes"}), redis_command({"EVAL", "x"}),
          redis_command({"SLOTS"}), redis_command({"PING"})}) {
        CHECK(learned(other, reply, server, "10.0.0.9:6379").empty());
    }
}

TEST_CASE("redis reader: of many servers so many are learned") {
    RedisNodes nodes;
    Endpoint node;
    for (std::size_t i = 0; i < RedisNodes::max + 10; ++i) {
        node.address[0] = static_cast<unsigned char>(i);
        node.address[1] = static_cast<unsigned char>(i >> 8);
        nodes.add(node);
        CHECK(nodes.has(node) == (i < RedisNodes::max));
    }
}

TEST_CASE("memcached reader: the text protocol, with noreply") {
    CHECK(heard<MemcachedReader>(
              "set long_enough_a 0 300 5 noreply\r\nget x\r\r\n"
              "get k1 k2 k3\r\nget k4\r\ndelete k5\r\nset k6 0 0 1\r\nv\r\n"
              "get k7 k8\r\n",
              "VALUE k2 0 3\r\nEND\r\nEND\r\nEND\r\nDELETED\r\nSTORED\r\n"
              "SERVER_ERROR out of memory\r\n") ==
          Lines{"set long_enough_a 5", "get k1 0", "get k2 0", "get k3 0",
                "get k4 0", "delete k5 0", "set k6 1", "get k7 0", "get k8 0",
                "k1: miss 0", "k2: hit 3", "k3: miss 0", "k4: miss 0",
                "k5: done 0", "k6: done 0", "k7: error 0SERVER_ERROR",
                "k8: error 0SERVER_ERROR"});
}

TEST_CASE("memcached reader: whatever stores has a value") {
    for (const std::string verb :
         {"set", "add", "replace", "append", "prepend", "cas"}) {
        CAPTURE(verb);
        const std::string unique = verb == "cas" ? " 7" : "";
        CHECK(heard<MemcachedReader>(verb + " a 0 60 24" + unique +
                                         "\r\nget what_is_no_command\r\n\r\n"
                                         "get b\r\n",
                                     "STORED\r\nEND\r\n") ==
              Lines{"set a 24", "get b 0", "a: done 0", "b: miss 0"});
    }
    // What adds nothing says so.
    CHECK(heard<MemcachedReader>("add a 0 60 9\r\nsome_bytes\r\n",
                                 "NOT_STORED\r\n") ==
          Lines{"set a 9", "a: miss 0"});
}

TEST_CASE("memcached reader: what has a reply of one line, or none") {
    CHECK(heard<MemcachedReader>(
              "version\r\nverbosity 1 noreply\r\ndelete a noreply\r\n"
              "touch a 60\r\ngets b\r\nquit\r\n",
              "VERSION 1.6.18\r\nNOT_FOUND\r\n"
              "VALUE b 0 1 77\r\nv\r\nEND\r\n") ==
          Lines{"delete a 0", "get b 0", "b: hit 1"});
    // Errors end what they answer, whatever it is.
    for (const std::string error :
         {"ERROR", "CLIENT_ERROR bad", "SERVER_ERROR bad"}) {
        const auto code = error.substr(0, error.find(' '));
        CHECK(heard<MemcachedReader>("get a\r\ndelete b\r\nget c\r\n",
                                     error + "\r\n" + error + "\r\nEND\r\n") ==
              Lines{"get a 0", "delete b 0", "get c 0", "a: error 0" + code,
                    "b: error 0" + code, "c: miss 0"});
    }
    // A reply that no such command has ends what is known.
    CHECK(heard<MemcachedReader>("delete a long_enough\r\nget b\r\n",
                                 "END\r\nEND\r\n") ==
          Lines{"delete a 0", "get b 0", "a: unseen", "b: unseen"});
    CHECK(heard<MemcachedReader>("get a long_enough_\r\n", "DELETED\r\n") ==
          Lines{"get a 0", "get long_enough_ 0", "a: unseen",
                "long_enough_: unseen"});
}

TEST_CASE("memcached reader: lines and sizes up to their bounds") {
    const auto line = [](std::size_t size) {
        return "get " + std::string(size - 4, 'a');
    };
    constexpr auto most = MemcachedTextReader::max_line;
    const std::string key(StoreCommand::max_key, 'a');
    CHECK(heard<MemcachedReader>(line(most) + "\nget b\r\n", "") ==
          Lines{"get " + key + " 0", "get b 0"});
    CHECK(heard<MemcachedReader>(line(most + 1) + "\nget b\r\n", "").empty());
    // What no value's size can be ends what is known.
    for (const std::string size : {"1073741824", "-1", "x", ""}) {
        CHECK(heard<MemcachedReader>(
                  "get a long_enough_\r\nset b 0 60 " + size + "\r\nget c\r\n",
                  "END\r\n") == Lines{"get a 0", "get long_enough_ 0",
                                      "a: unseen", "long_enough_: unseen"});
    }
    CHECK(heard<MemcachedReader>("set long_enough 0 60 1073741823\r\n", "") ==
          Lines{"set long_enough 1073741823"});
}

TEST_CASE("memcached reader: of a long key the first part is told") {
    CHECK(heard<MemcachedReader>("delete " + std::string(1'000, 'k') + "\r\n",
                                 "") ==
          Lines{"delete " + std::string(StoreCommand::max_key, 'k') + " 0"});
}

TEST_CASE("memcached reader: of an error only its kind is kept") {
    CHECK(heard<MemcachedReader>("set k 0 9 5\r\nvalue\r\n",
                                 "CLIENT_ERROR_" + std::string(100, 'x') +
                                     "\r\n") ==
          Lines{"set k 5", "k: error 0CLIENT_ERROR"});
}

TEST_CASE("memcached reader: the binary protocol, with quiet gets") {
    const std::string extras(4, '\0');
    CHECK(heard<MemcachedReader>(
              binary(0x80, 0x21, "PLAIN", "", std::string("\0u\0p", 4)) +
                  binary(0x80, 0x01, "k0", std::string(8, '\0'), "value") +
                  binary(0x80, 0x0d, "k1", "", "") +
                  binary(0x80, 0x0d, "k2", "", "") +
                  binary(0x80, 0x0d, "k3", "", "") +
                  binary(0x80, 0x0a, "", "", "") +
                  binary(0x80, 0x00, "k4", "", ""),
              binary(0x81, 0x21, "", "", "Authenticated") +
                  binary(0x81, 0x01, "", "", "") +
                  binary(0x81, 0x0d, "k2", extras, "val") +
                  binary(0x81, 0x0a, "", "", "") +
                  binary(0x81, 0x00, "", "", "Not found", 1)) ==
          Lines{"set k0 5", "getkq k1 0", "getkq k2 0", "getkq k3 0",
                "get k4 0", "k0: done 0", "k1: miss 0", "k2: hit 3",
                "k3: miss 0", "k4: miss 0"});
}

TEST_CASE("memcached reader: the binary protocol's claims, and its errors") {
    const std::string extras(8, '\0');
    CHECK(heard<MemcachedReader>(
              binary(0x80, 0x02, "a", extras, "1") +
                  binary(0x80, 0x02, "a", extras, "1") +
                  binary(0x80, 0x01, "b", extras, "value") +
                  binary(0x80, 0x04, "c", "", "") +
                  binary(0x80, 0x00, "d", "", ""),
              binary(0x81, 0x02, "", "", "") +
                  binary(0x81, 0x02, "", "", "Data exists", 2) +
                  binary(0x81, 0x01, "", "", "Data exists", 2) +
                  binary(0x81, 0x04, "", "", "Not found", 1) +
                  binary(0x81, 0x00, "", "", "Out of memory", 0x82)) ==
          Lines{"add a 1", "add a 1", "set b 5", "delete c 0", "get d 0",
                "a: done 0", "a: miss 0", "b: error 00x02", "c: miss 0",
                "d: error 00x82"});
}

TEST_CASE("memcached reader: the binary protocol's sizes up to their bounds") {
    const auto whole = [](const std::string& key, const std::string& extras) {
        return heard<MemcachedReader>(binary(0x80, 0x01, key, extras, "v"), "");
    };
    const std::string key(250, 'k');
    const auto told = "set " + key.substr(0, StoreCommand::max_key) + " 1";
    CHECK(whole(key, std::string(32, '\0')) == Lines{told});
    CHECK(whole(key + 'k', "").empty());
    CHECK(whole(key, std::string(33, '\0')).empty());
    // A body that is shorter than what it holds, or too long.
    auto odd = binary(0x80, 0x00, "key", "", "");
    odd[11] = 2;
    CHECK(heard<MemcachedReader>(odd, "").empty());
    odd[11] = 3;
    CHECK(heard<MemcachedReader>(odd, "") == Lines{"get key 0"});
    odd[8] = 0x40;
    odd[11] = 0;
    CHECK(heard<MemcachedReader>(odd, "") == Lines{"get key 0"});
    odd[11] = 1;
    CHECK(heard<MemcachedReader>(odd, "").empty());
}

TEST_CASE("memcached reader: figures between lookups") {
    CHECK(heard<MemcachedReader>("get k1\r\nadd k2 0 60 1\r\n1\r\nstats\r\n"
                                 "get k3\r\n",
                                 "END\r\nSTORED\r\nSTAT time 1700000000\r\n"
                                 "STAT evictions 0\r\nEND\r\nEND\r\n") ==
          Lines{"get k1 0", "set k2 1", "get k3 0", "k1: miss 0", "k2: done 0",
                "k3: miss 0"});
    CHECK(heard<MemcachedReader>(
              binary(0x80, 0x10, "", "", "") + binary(0x80, 0x00, "k1", "", ""),
              binary(0x81, 0x10, "time", "", "1700000000") +
                  binary(0x81, 0x10, "evictions", "", "0") +
                  binary(0x81, 0x10, "", "", "") +
                  binary(0x81, 0x00, "", "", "Not found", 1)) ==
          Lines{"get k1 0", "k1: miss 0"});
}

TEST_CASE("memcached reader: nonsense is given up") {
    CHECK(heard<MemcachedReader>("get k1 and more than 24\r\n",
                                 "VALUE k1 0 99999999999\r\n") ==
          Lines{"get k1 0", "get and 0", "get more 0", "get than 0", "get 24 0",
                "k1: unseen", "and: unseen", "more: unseen", "than: unseen",
                "24: unseen"});
}

namespace {

// A packet of the binary protocol with the number that its reply has, too.
std::string numbered(unsigned magic, unsigned opcode, unsigned number,
                     const std::string& key, const std::string& value,
                     unsigned status = 0) {
    auto packet = binary(magic, opcode, key, "", value, status);
    packet[15] = static_cast<char>(number);
    return packet;
}

std::string get_numbered(unsigned number) {
    return numbered(0x80, 0, number, "k" + std::to_string(number), "");
}

std::string found(unsigned number) {
    return numbered(0x81, 0, number, "", std::string(number, 'v'));
}

// What is heard when these come one after another, those of the server behind
// a '<'.
Lines conversation(const std::vector<std::string>& all) {
    Heard heard;
    MemcachedReader reader(heard, flow_to("10.0.0.9:11211"));
    for (const auto& each : all) {
        const bool server = each.starts_with('<');
        reader.data(server ? Side::server : Side::client, Time(),
                    server ? each.substr(1) : each);
    }
    return heard.lines;
}

}  // namespace

TEST_CASE("memcached reader: numbers tell whose a reply is") {
    // Of one of before the capture; it takes no other's place.
    CHECK(conversation({get_numbered(2), '<' + found(1), '<' + found(2)}) ==
          Lines{"get k2 0", "k2: hit 2"});
    // A lost one.
    CHECK(conversation({get_numbered(1), get_numbered(2), '<' + found(2),
                        get_numbered(3), '<' + found(3)}) ==
          Lines{"get k1 0", "get k2 0", "k1: unseen", "k2: hit 2", "get k3 0",
                "k3: hit 3"});
    // Of another command than its place says.
    CHECK(conversation({get_numbered(2), '<' + numbered(0x81, 1, 1, "", ""),
                        '<' + found(2)}) == Lines{"get k2 0", "k2: hit 2"});
    // What none has is no command's.
    CHECK(conversation({get_numbered(2), '<' + found(2), '<' + found(2),
                        '<' + found(7), get_numbered(3), '<' + found(3)}) ==
          Lines{"get k2 0", "k2: hit 2", "k2: hit 2", "get k3 0", "k3: hit 3"});
}

TEST_CASE("memcached reader: equal numbers leave the order to tell") {
    CHECK(conversation({numbered(0x80, 0, 0, "ka", ""),
                        numbered(0x80, 1, 0, "kb", "value"),
                        numbered(0x80, 0, 0, "kc", ""), '<' + found(0),
                        '<' + numbered(0x81, 1, 0, "", ""),
                        '<' + numbered(0x81, 0, 0, "", "", 1)}) ==
          Lines{"get ka 0", "set kb 5", "get kc 0", "ka: hit 0", "kb: done 0",
                "kc: miss 0"});
    CHECK(conversation({numbered(0x80, 0, 0, "ka", ""),
                        '<' + numbered(0x81, 1, 0, "", "")}) ==
          Lines{"get ka 0", "ka: unseen"});
}
