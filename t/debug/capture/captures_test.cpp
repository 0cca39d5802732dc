// Captures as they come: every kind of link, out of order, cut, malformed.

#include "debug/capture/connections.hpp"
#include "debug/observed.hpp"
#include "debug/raw_tcp.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <pcap/pcap.h>
#include <random>
#include <stdexcept>

using namespace support;
using debug::End;
using std::chrono::milliseconds;

namespace {

struct Resumption {
    RecordingServer server;
    RecordedHandshake handshake;
    std::string key;

    Resumption() {
        const auto first = server.meet({TLS1_3_VERSION});
        handshake = server.meet({TLS1_3_VERSION, first.session});
        key = "ngx_ssl:" + session_id(first.session);
    }

    Scene scene(bool v6 = false) const {
        Scene made(v6);
        made.play(handshake);
        made.ask(milliseconds(1), redis_get(key));
        made.answer(milliseconds(2), redis_hit(171));
        return made;
    }
};

const Resumption& resumption() {
    static const Resumption made;
    return made;
}

void check_hit(const std::string& file) {
    const auto observed = observe(file);
    REQUIRE(observed.stories.size() == 1);
    const auto& story = observed.stories[0];
    CHECK(story.end == End::resumed);
    CHECK(story.status == "HIT");
    CHECK(story.handshake.has_value());
}

// An IPv6 packet, between these addresses.
std::string ipv6(unsigned protocol, const std::string& body,
                 const std::string& addresses = std::string(32, '\x20')) {
    return std::string("\x60\0\0\0", 4) + static_cast<char>(body.size() >> 8) +
           static_cast<char>(body.size()) + static_cast<char>(protocol) +
           '\x40' + addresses + body;
}

// Writes down what it is told.
class Recorder : public debug::Reader {
  public:
    explicit Recorder(std::vector<std::string>& told) : told_(told) {}

    void data(debug::Side from, debug::Time /*time*/,
              std::string_view bytes) override {
        told_.push_back(name(from) + ": " + std::string(bytes));
    }
    void gap(debug::Side /*from*/, debug::Time /*time*/) override {
        told_.emplace_back("gap");
    }
    void closed(debug::Side by, debug::Time /*time*/, bool /*reset*/) override {
        told_.push_back("end of " + name(by));
    }
    void forgotten(debug::Time /*time*/) override {}
    bool over() const override { return false; }
    bool matters() const override { return true; }
    std::size_t held() const override { return sizeof *this; }

  private:
    static std::string name(debug::Side side) {
        return side == debug::Side::client ? "client" : "server";
    }

    std::vector<std::string>& told_;
};

// The connection's segments, small ones, so that there is something to
// disorder.
std::vector<Packet> in_pieces() {
    Scene made;
    for (const auto& [from_client, bytes] : resumption().handshake.flights) {
        made.tls.say(from_client ? TcpScript::From::client
                                 : TcpScript::From::server,
                     bytes, 100);
    }
    return made.tls.packets();
}

}  // namespace

TEST_CASE("captures: every kind of link, IPv4 and IPv6") {
    for (const auto link :
         {Link::ethernet, Link::vlan, Link::two_vlans, Link::cooked,
          Link::cooked2, Link::null, Link::raw}) {
        for (const bool v6 : {false, true}) {
            CAPTURE(static_cast<int>(link));
            CAPTURE(v6);
            check_hit(capture_file(link, resumption().scene(v6).packets()));
        }
    }
}

TEST_CASE("captures: short frames are padded") {
    auto packets = resumption().scene().packets();
    for (auto& packet : packets) {
        packet.ip.resize(std::max<std::size_t>(packet.ip.size(), 46), 'p');
    }
    check_hit(capture_file(Link::ethernet, packets));
}

TEST_CASE("captures: everything twice") {
    std::vector<Packet> packets;
    for (const auto& packet : resumption().scene().packets()) {
        packets.push_back(packet);
        packets.push_back(packet);
    }
    check_hit(capture_file(Link::cooked2, packets));
}

TEST_CASE("captures: segments out of order") {
    std::minstd_rand random(7);
    for (int round = 0; round < 50; ++round) {
        auto packets = in_pieces();
        // Behind the SYNs, neighbours change places; times stay in order.
        for (std::size_t i = 3; i + 1 < packets.size(); ++i) {
            const auto j = std::min(i + random() % 4, packets.size() - 1);
            std::swap(packets[i].ip, packets[j].ip);
        }
        const auto observed = observe(capture_file(Link::ethernet, packets));
        CAPTURE(round);
        REQUIRE(observed.stories.size() == 1);
        CHECK(observed.stories[0].end == End::resumed);
        CHECK(observed.summary.connections().gaps == 0);
    }
}

TEST_CASE("captures: the client's segments backwards") {
    auto packets = in_pieces();
    const auto hello = resumption().handshake.flights[0].bytes;
    const auto pieces = (hello.size() + 99) / 100;
    REQUIRE(pieces > 2);
    for (std::size_t i = 0; i < pieces / 2; ++i) {
        std::swap(packets[3 + i].ip, packets[3 + pieces - 1 - i].ip);
    }
    const auto observed = observe(capture_file(Link::ethernet, packets));
    REQUIRE(observed.stories.size() == 1);
    CHECK(observed.stories[0].end == End::resumed);
}

TEST_CASE("captures: a segment that is not in the capture") {
    auto packets = in_pieces();
    const std::size_t lost =
        3 + (resumption().handshake.flights[0].bytes.size() + 99) / 100;
    packets.erase(packets.begin() + static_cast<long>(lost));
    // So that it is known not to come any more.
    for (std::size_t i = lost; i < packets.size(); ++i) {
        packets[i].time += milliseconds(60) * (i - lost);
    }
    const auto observed = observe(capture_file(Link::ethernet, packets));
    REQUIRE(observed.stories.size() == 1);
    CHECK(observed.stories[0].end == End::unknown);
    CHECK(observed.summary.connections().gaps > 0);
    CHECK_FALSE(observed.summary.reservations().empty());
}

TEST_CASE("captures: packets that are captured in part") {
    auto packets = resumption().scene().packets();
    for (auto& packet : packets) {
        packet.length = packet.ip.size();
        packet.ip.resize(std::min<std::size_t>(packet.ip.size(), 96));
        packet.length = packet.length == packet.ip.size() ? 0 : packet.length;
    }
    const auto observed = observe(capture_file(Link::ethernet, packets));
    CHECK(observed.stories.empty());
    CHECK(observed.summary.connections().gaps > 0);
}

TEST_CASE("captures: the end of a connection is in a part of a packet") {
    std::vector<std::string> told;
    debug::Connections connections(
        [&](const debug::Flow& /*flow*/) {
            return std::make_unique<Recorder>(told);
        },
        [](const debug::Endpoint& end) { return end.port == 443; });
    RawTcp tcp(5, 40000, 443);
    constexpr std::size_t heads = 40;
    const auto add = [&](const std::string& packet, std::size_t bytes) {
        connections.add(*debug::decode(
            DLT_RAW, {}, std::string_view(packet).substr(0, heads + bytes),
            packet.size()));
    };
    add(tcp.open(), 0);
    add(tcp.say("hello"), 5);
    std::size_t captured = 0;
    SUBCASE("of which some bytes are there") {
        captured = 3;
    }
    SUBCASE("of which none are there") {}
    add(tcp.close("the last words"), captured);
    std::vector<std::string> expected{"client: hello"};
    if (captured != 0) {
        expected.emplace_back("client: the");
    }
    expected.insert(expected.end(), {"gap", "end of client"});
    CHECK(told == expected);
}

TEST_CASE("captures: from the middle of connections") {
    Scene scene = resumption().scene();
    auto packets = scene.packets();
    SUBCASE("without the SYNs") {
        std::erase_if(packets, [&](const Packet& packet) {
            return packet.time < packets[6].time;
        });
        check_hit(capture_file(Link::ethernet, packets));
    }
    SUBCASE("without the ClientHello") {
        const auto& all = packets;
        for (std::size_t i = 0; i < all.size(); ++i) {
            const auto observed = observe(
                capture_file(Link::ethernet,
                             {all.begin() + static_cast<long>(i), all.end()}));
            CHECK(observed.stories.size() <= 1);
        }
    }
}

TEST_CASE("captures: who is the server, the first words tell") {
    Scene scene = resumption().scene();
    TcpScript store({"10.0.0.1", 1024}, {"10.0.0.9", 6379},
                    scene.packets().front().time, true);
    store.wait(milliseconds(1));
    store.say(TcpScript::From::client, redis_get(resumption().key));
    store.say(TcpScript::From::server, redis_hit(171));
    check_hit(capture_file(Link::raw,
                           merged({scene.tls.packets(), store.packets()})));
}

TEST_CASE("captures: every beginning of a file") {
    const auto file =
        capture_file(Link::cooked, resumption().scene().packets());
    std::size_t told = 0;
    for (std::size_t size = 24; size < file.size(); ++size) {
        const auto observed = observe(file.substr(0, size));
        CHECK(observed.stories.size() >= told);
        told = observed.stories.size();
    }
    CHECK(told == 1);
    CHECK_THROWS_AS(observe(file.substr(0, 23)), std::runtime_error);
    CHECK_THROWS_AS(observe("no capture at all, but longer than a head is"),
                    std::runtime_error);
}

TEST_CASE("captures: any byte may be wrong") {
    const auto file =
        capture_file(Link::ethernet, resumption().scene().packets());
    std::minstd_rand random(42);
    for (int round = 0; round < 2000; ++round) {
        auto damaged = file;
        for (int n = 0; n < 3; ++n) {
            damaged[24 + random() % (damaged.size() - 24)] =
                static_cast<char>(random());
        }
        CHECK(observe(damaged).stories.size() <= 2);
    }
}

TEST_CASE("captures: a port that is used again") {
    Scene first = resumption().scene();
    Scene second(false, 50122,
                 std::chrono::microseconds(1'700'000'010'000'003));
    second.play(resumption().handshake);
    auto packets = merged({first.packets(), second.tls.packets()});
    const auto observed = observe(capture_file(Link::ethernet, packets));
    REQUIRE(observed.stories.size() == 2);
    CHECK(observed.stories[0].status == "HIT");
    CHECK(observed.stories[1].status == "LOCAL");
}

TEST_CASE("captures: IP in IP, of each in each") {
    for (const bool v6 : {false, true}) {
        const auto packets = resumption().scene(v6).packets();
        auto wrapped = packets;
        for (auto& packet : wrapped) {
            packet.ip = ipv4(77, 78, v6 ? 41 : 4, packet.ip);
        }
        check_hit(capture_file(Link::ethernet, wrapped));
        for (auto& packet : wrapped) {
            packet.ip = ipv6(4, packet.ip);
        }
        check_hit(capture_file(Link::raw, wrapped));
        const auto story = observe(capture_file(Link::raw, wrapped)).stories[0];
        CHECK(text(story.client) ==
              (v6 ? "[2001:db8::5]:50122" : "10.1.2.3:50122"));
    }
}

TEST_CASE("captures: extensions of IPv6, and fragments that are none") {
    const auto plain = resumption().scene(true).packets();
    auto packets = plain;
    for (auto& packet : packets) {
        // Hop by hop, an atomic fragment, and options again.
        const std::string tcp = packet.ip.substr(40);
        const std::string extensions =
            std::string("\x2c\0\1\4\0\0\0\0", 8) +
            std::string("\x3c\0\0\0\1\2\3\4", 8) +
            std::string("\x06\1\1\xc\0\0\0\0\0\0\0\0\0\0\0\0", 16);
        packet.ip = ipv6(0, extensions + tcp, packet.ip.substr(8, 32));
    }
    check_hit(capture_file(Link::ethernet, packets));

    // One that is a part is given up, and so are headers without end.
    packets = plain;
    for (auto& packet : packets) {
        packet.ip = ipv6(44, std::string("\x06\0\0\1\1\2\3\4", 8) +
                                 packet.ip.substr(40));
    }
    CHECK(observe(capture_file(Link::raw, packets)).stories.empty());
    std::string deep = plain[3].ip;
    for (int i = 0; i < 1'000; ++i) {
        deep = ipv4(1, 2, 41, deep);
    }
    CHECK_FALSE(debug::decode(DLT_RAW, {}, deep, deep.size()).has_value());
}

TEST_CASE("captures: times that no clock has") {
    // pcapng: a section, an interface, and a packet of the year 292277.
    const auto block = [](std::uint32_t type, const std::string& body) {
        const auto size = static_cast<std::uint32_t>(12 + body.size());
        const auto word = [](std::uint32_t value) {
            return std::string(reinterpret_cast<const char*>(&value), 4);
        };
        return word(type) + word(size) + body + word(size);
    };
    const std::string section =
        block(0x0a0d0d0a, std::string("\x4d\x3c\x2b\x1a\1\0\0\0", 8) +
                              std::string(8, '\xff'));
    // In seconds.
    const std::string interface =
        block(1, std::string("\x65\0\0\0\0\0\4\0", 8) +
                     std::string("\x09\0\1\0\0\0\0\0\0\0\0\0", 12));
    for (const char* high :
         {"\xff\xff\xff\x7f", "\xff\xff\xff\xff", "\x00\x00\x00\x80"}) {
        const std::string packet =
            block(6, std::string(4, '\0') + std::string(high, 4) +
                         std::string("\xff\xff\xff\xff\4\0\0\0\4\0\0\0", 12) +
                         "\x45xyz");
        auto bytes = section;
        bytes.append(interface).append(packet);
        debug::Capture capture(fmemopen(bytes.data(), bytes.size(), "r"),
                               "file");
        const auto frame = capture.next();
        REQUIRE(frame.has_value());
        CHECK(frame->time >= debug::Time());
        CHECK(frame->time < debug::Time(std::chrono::years(300)));
    }
}

TEST_CASE("captures: the last segments of a connection make no other") {
    auto packets = resumption().scene().packets();
    Scene made;
    made.play(resumption().handshake);
    made.tls.close(TcpScript::From::client);
    made.tls.close(TcpScript::From::server);
    const auto all = made.tls.packets();
    auto again = all;
    // All of it is sent once more behind its end, but for the SYN.
    for (std::size_t i = 2; i < all.size(); ++i) {
        again.push_back(all[i]);
        again.back().time = again[again.size() - 2].time + milliseconds(1);
    }
    const auto observed = observe(capture_file(Link::ethernet, again));
    CHECK(observed.stories.size() == 1);
    CHECK(observed.summary.connections().connections == 1);
}
