// What strangers may send costs neither time nor memory beyond its bounds.

#include "debug/observer.hpp"
#include "debug/raw_tcp.hpp"
#include "debug/stories/error_log.hpp"
#include "debug/stories/log_join.hpp"
#include "debug/tell/html.hpp"
#include "debug/wire/memcached.hpp"
#include "debug/wire/redis.hpp"
#include "debug/wire/tls.hpp"
#include "support/files.hpp"
#include "support/memory_checker.hpp"

#include <algorithm>
#include <ctime>
#include <doctest/doctest.h>
#include <fstream>
#include <functional>
#include <pcap/pcap.h>
#include <random>
#include <string>

using namespace support;
using namespace debug;

namespace {

const bool has_checker = support::in_sanitizer();

// What the process has in memory at most, in MiB, since the last reset.
std::size_t most_resident() {
    std::ifstream status("/proc/self/status");
    for (std::string word; status >> word;) {
        if (word == "VmHWM:") {
            std::size_t kib = 0;
            status >> kib;
            return kib / 1024;
        }
    }
    return 0;
}

// From its making on: no more time and memory than this.
class Cost {
  public:
    Cost() {
        std::ofstream("/proc/self/clear_refs") << 5;
        before_ = most_resident();
    }
    ~Cost() {
        const auto spent = (std::clock() - begin_) / CLOCKS_PER_SEC;
        // It takes a second or less of a quick processor.
        CHECK(spent < (has_checker ? 300 : 30));
        if (!has_checker) {
            CHECK(most_resident() - before_ < 90);
        }
    }

  private:
    std::clock_t begin_ = std::clock();
    std::size_t before_ = 0;
};

class Run {
  public:
    explicit Run(Roles roles = {{443},
                                {read_store("redis:6379"),
                                 read_store("memcached:11211")}})
        : roles_(std::move(roles)),
          observer_(roles_, names_,
                    [this](Story&& s) { told.push_back(std::move(s)); }) {}

    void add(const std::string& packet,
             std::chrono::microseconds later = std::chrono::microseconds(10)) {
        now_ += later;
        observer_.add(DLT_RAW, {now_, packet, packet.size()});
    }

    Summary finish() {
        Summary summary;
        observer_.finish();
        observer_.add_to(summary, {});
        return summary;
    }

    std::vector<Story> told;

  private:
    Names names_;
    Roles roles_;
    Observer observer_;
    Time now_{std::chrono::seconds(1'700'000'000)};
};

std::string get(const std::string& key) {
    return "*2\r\n$3\r\nGET\r\n$" + std::to_string(key.size()) + "\r\n" + key +
           "\r\n";
}

const std::string id(32, '\xaa');

std::string key_of_id() {
    std::string key = "ngx_ssl:";
    for (int i = 0; i < 32; ++i) {
        key += "aa";
    }
    return key;
}

}  // namespace

namespace {

// A connection of which something is wanted.
class Wanted : public Reader {
  public:
    void data(Side /*from*/, Time /*time*/,
              std::string_view /*bytes*/) override {}
    void gap(Side /*from*/, Time /*time*/) override {}
    void closed(Side /*by*/, Time /*time*/, bool /*reset*/) override {}
    void forgotten(Time /*time*/) override {}
    bool over() const override { return false; }
    bool matters() const override { return true; }
    std::size_t held() const override { return sizeof *this; }
};

// Ten connections, with these bounds, of each of which `ahead` bytes wait.
Connections::Counts ten(const Connections::Bounds& bounds, std::size_t ahead) {
    Connections connections(
        [](const Flow& /*flow*/) { return std::make_unique<Wanted>(); },
        [](const Endpoint& end) { return end.port == 443; }, bounds);
    for (std::uint32_t i = 0; i < 10; ++i) {
        RawTcp tcp(5 + i, 40000, 443);
        for (const auto& packet : {tcp.open(), tcp.say("x"),
                                   tcp.ahead(10, std::string(ahead, 'y'))}) {
            connections.add(*decode(DLT_RAW, {}, packet, packet.size()));
        }
    }
    return connections.counts();
}

// Stories with these bounds, and how many were told before the end.
struct Few {
    std::size_t told = 0;
    Names names;
    Stories stories;

    explicit Few(const Stories::Bounds& bounds)
        : stories(
              names, [this](Story&& /*story*/) { ++told; }, bounds) {}

    static Flow flow(std::uint64_t id) {
        Flow flow;
        flow.id = id;
        return flow;
    }
    void greet(std::uint64_t n) {
        ClientHello hello;
        hello.session_id = std::string(32, static_cast<char>(n));
        stories.client_hello(flow(n), Time(), hello);
    }
    void ask(Verb verb, std::uint64_t n) {
        StoreCommand command;
        command.id = next_command_id();
        command.store = "redis";
        command.name = "GET";
        command.verb = verb;
        command.key = hex(std::string(32, static_cast<char>(n)));
        stories.asked(flow(100), Time(), command);
    }
};

// What a reader holds in the end, when one side says this.
std::size_t held_after(Reader& reader, Side from, std::string_view bytes) {
    constexpr std::size_t piece = 1'000;
    while (!bytes.empty() && !reader.over()) {
        reader.data(from, Time(), bytes.substr(0, piece));
        bytes.remove_prefix(std::min(piece, bytes.size()));
    }
    return reader.held();
}

std::string repeated(const std::string& text, int times) {
    std::string all;
    for (int i = 0; i < times; ++i) {
        all += text;
    }
    return all;
}

constexpr std::size_t kib = 1024;
constexpr std::size_t mib = 1024 * kib;

}  // namespace

TEST_CASE("bounds: what is held of one connection to a store") {
    Few few({});
    RedisNodes nodes;
    Flow flow = Few::flow(1);
    flow.from_start = true;
    const auto redis = [&](Side from, const std::string& bytes) {
        RedisReader reader(few.stories, flow, nodes);
        return held_after(reader, from, bytes);
    };
    const auto memcached = [&](const std::string& bytes) {
        MemcachedReader reader(few.stories, flow);
        return held_after(reader, Side::client, bytes);
    };
    CHECK(redis(Side::client, repeated(get("x"), 45'000)) < 700 * kib);
    CHECK(redis(Side::server, '+' + std::string(mib, 'x')) < 16 * kib);
    CHECK(redis(Side::server, "$1000000\r\n" + std::string(900'000, 'x')) <
          16 * kib);
    CHECK(memcached(repeated("get x\r\n", 45'000)) < mib);
    CHECK(memcached("get " + std::string(mib, 'x')) < 200 * kib);
}

TEST_CASE("bounds: what is held is counted") {
    Few few({});
    RedisNodes nodes;
    Flow flow = Few::flow(1);
    flow.from_start = true;
    RedisReader redis(few.stories, flow, nodes);
    const auto before = redis.held();
    held_after(redis, Side::client, repeated(get("x"), 1'000));
    CHECK(redis.held() - before > 1'000 * 3 * sizeof(std::uint64_t));

    const std::size_t much = 100'000;
    const std::string text(much, 'x');
    const auto grows = [&](const std::function<void(Story&)>& change) {
        Story story;
        const auto empty = story.held();
        change(story);
        return story.held() >= empty + much - 100 &&
               story.held() < empty + 3 * much;
    };
    CHECK(grows([&](Story& story) { story.server_name = text; }));
    CHECK(grows([&](Story& story) { story.alpn = text; }));
    CHECK(grows([&](Story& story) { story.add(Time(), "other", text); }));
    CHECK(grows([&](Story& story) {
        story.offered.push_back({Offered::Kind::id, text});
    }));
    CHECK(grows([&](Story& story) { story.notes.push_back(text); }));
    CHECK(grows(
        [&](Story& story) { story.names.resize(much / sizeof(std::string)); }));
    CHECK(grows(
        [&](Story& story) { story.notes.resize(much / sizeof(std::string)); }));
    CHECK(grows([&](Story& story) {
        story.offered.resize(much / sizeof(Offered) + 1);
    }));
    CHECK(grows(
        [&](Story& story) { story.events.resize(much / sizeof(Event) + 1); }));
}

TEST_CASE("bounds: a lookup in the moment of the answer was under way") {
    const Names names;
    std::vector<std::string> statuses;
    Stories stories(
        names, [&](Story&& story) { statuses.push_back(story.status); }, {});
    const Time begin{std::chrono::seconds(1)};
    const Time answered = begin + Microseconds(5);
    ClientHello hello;
    hello.session_id = id;
    stories.client_hello(Few::flow(1), begin, hello);
    stories.client_hello(Few::flow(2), begin, hello);
    StoreCommand command;
    command.id = next_command_id();
    command.store = "redis";
    command.verb = Verb::get;
    command.key = hex(id);
    stories.asked(Few::flow(100), answered, command);
    for (const std::uint64_t n : {2, 1}) {
        stories.server_hello(Few::flow(n), answered, {.version = tls12});
    }
    stories.finish();
    CHECK(statuses == std::vector<std::string>{"TIMEOUT", "TIMEOUT"});
}

TEST_CASE("bounds: who is let go waits for nothing any more") {
    Few few({.open = 1});
    ClientHello hello;
    hello.has_ticket = true;
    hello.early_data = true;
    for (std::uint64_t n = 1; n <= 3; ++n) {
        few.stories.client_hello(Few::flow(n), Time(), hello);
    }
    CHECK(few.told == 2);
    StoreCommand command;
    command.store = "redis";
    command.id = next_command_id();
    command.verb = Verb::set;
    command.key = "ngx_ssl:early:" + hex(id);
    few.stories.asked(Few::flow(100), Time(), command);
    command.id = next_command_id();
    command.verb = Verb::get;
    command.key = "ngx_ssl:seed:" + hex(id);
    few.stories.asked(Few::flow(100), Time(), command);
    CHECK(few.stories.counts().claims == 1);
    CHECK(few.stories.counts().seeds == 1);
    few.stories.finish();
    CHECK(few.told == 3);
}

TEST_CASE("bounds: what is held of one handshake") {
    Few few({});
    const auto hello = message(1, std::string(mib, 'x'));
    std::string records;
    for (std::size_t at = 0; at < hello.size(); at += 16'000) {
        records += record(22, hello.substr(at, 16'000));
    }
    TlsReader reader(few.stories, Few::flow(1));
    CHECK(held_after(reader, Side::client, records) < 32 * kib);
}

TEST_CASE("bounds: so many connections, and so many bytes that wait") {
    CHECK(ten({}, 100).forgotten == 0);
    CHECK(ten({}, 100).gaps == 0);
    CHECK(ten({.connections = 4}, 100).forgotten == 6);
    CHECK(ten({.held = 2'000}, 100).forgotten >= 5);
    CHECK(ten({.waiting = 50}, 100).gaps == 10);
    CHECK(ten({.all_waiting = 450}, 100).gaps >= 5);
}

TEST_CASE("bounds: so many handshakes, and so many bytes of them") {
    for (const bool by_bytes : {false, true}) {
        Few few(by_bytes ? Stories::Bounds{.held = 12'000}
                         : Stories::Bounds{.open = 4});
        for (std::uint64_t n = 1; n <= 20; ++n) {
            few.greet(n);
        }
        CHECK(few.told == few.stories.let_go());
        CHECK(few.told >= (by_bytes ? 10 : 16));
        CHECK(few.told < 20);
        CHECK(few.stories.held() < 15'000);
    }
}

TEST_CASE("bounds: so many commands without an answer") {
    Few few({.commands = 4});
    for (std::uint64_t n = 1; n <= 10; ++n) {
        few.ask(Verb::get, n);
    }
    CHECK(few.stories.counts().unanswered == 6);
}

TEST_CASE("bounds: so many commands in one story") {
    Few few({});
    few.greet(1);
    const auto before = few.stories.held();
    for (int i = 0; i < 1'000; ++i) {
        few.ask(Verb::get, 1);
    }
    CHECK(few.stories.held() < before + 64 * 1024);
}

TEST_CASE("bounds: so many names that were stored") {
    std::vector<bool> stored;
    const Names names;
    Stories stories(
        names, [&](Story&& story) { stored.push_back(!story.never_stored); },
        {.stored = 4});
    const auto flow = Few::flow;
    StoreCommand command;
    command.store = "redis";
    for (char n = 1; n <= 10; ++n) {
        command.id = next_command_id();
        command.verb = Verb::set;
        command.key = hex(std::string(32, n));
        stories.asked(flow(100), Time(), command);
    }
    for (std::uint64_t n = 1; n <= 10; ++n) {
        ClientHello hello;
        hello.session_id = std::string(32, static_cast<char>(n));
        stories.client_hello(flow(n), Time(), hello);
        command.id = next_command_id();
        command.verb = Verb::get;
        command.key = hex(hello.session_id);
        stories.asked(flow(100), Time(), command);
        stories.answered(flow(100), Time(), command.id,
                         {.outcome = Outcome::miss});
        stories.server_hello(flow(n), Time(), {.version = tls12});
        stories.completed(flow(n), Time());
    }
    stories.finish();
    REQUIRE(stored.size() == 10);
    CHECK(std::count(stored.begin(), stored.end(), true) == 4);
    CHECK(stored.back());
    CHECK_FALSE(stored.front());
}

TEST_CASE("bounds: identities of a ClientHello, equal or not") {
    const Cost cost;
    std::minstd_rand random(1);
    Run run;
    const auto hello = [&](bool same) {
        std::vector<std::string> all;
        all.reserve(1500);
        for (int n = 0; n < 1500; ++n) {
            all.push_back(same ? "A" : std::to_string(random() % 10'000));
        }
        return client_hello(
            {id, server_name("x") + tls13_offered() + identities(all)});
    };
    const auto equal = hello(true);
    for (std::uint32_t i = 0; i < 1'200; ++i) {
        const bool same = i < 1'000;
        RawTcp tcp(1000 + i, 40000, 443);
        run.add(tcp.open());
        run.add(tcp.say(same ? equal : hello(false)));
    }
    run.finish();
    REQUIRE(run.told.size() == 1'200);
    CHECK(run.told[0].offered.size() == 1);
    CHECK(run.told[1'199].offered.size() > 1);
    CHECK(run.told[1'199].offered.size() <= ClientHello::max_identities);
}

TEST_CASE("bounds: hellos that are not whole") {
    const Cost cost;
    Run run;
    const auto hello = client_hello(
        {id, server_name("x") + extension(21, std::string(15'000, '\0'))});
    for (std::uint32_t i = 0; i < 16'000; ++i) {
        RawTcp tcp(1000 + i, 40000, 443);
        run.add(tcp.open());
        run.add(tcp.say(hello.substr(0, hello.size() - 1)));
    }
    CHECK(run.finish().handshakes() == 0);
}

TEST_CASE("bounds: handshakes without end, all with one session") {
    const Cost cost;
    Run run;
    RawTcp store(2, 50000, 6379);
    run.add(store.open());
    for (std::uint32_t i = 0; i < 20'000; ++i) {
        RawTcp tcp(1000 + i, 40000, 443);
        run.add(tcp.open());
        run.add(tcp.say(client_hello({id, server_name("x")})));
        run.add(store.say(get(key_of_id())));
    }
    run.finish();
    CHECK(run.told.size() == 20'000);
}

TEST_CASE("bounds: segments of a byte, none of which follows another") {
    const Cost cost;
    Run run;
    for (std::uint32_t n = 0; n < 50; ++n) {
        RawTcp tcp(1000 + n, 40000, 6379);
        run.add(tcp.open());
        for (std::uint32_t i = 0; i < 2'000; ++i) {
            run.add(tcp.ahead(4'000 - 2 * i, "x"));
        }
    }
    run.finish();
}

TEST_CASE("bounds: connections that close while others' commands wait") {
    const Cost cost;
    Run run;
    std::vector<RawTcp> workers;
    for (std::uint32_t n = 0; n < 5; ++n) {
        workers.emplace_back(2 + n, 50000, 6379);
        run.add(workers.back().open());
        for (int i = 0; i < 150; ++i) {
            std::string many;
            for (int k = 0; k < 100; ++k) {
                many += get("x");
            }
            run.add(workers.back().say(many));
        }
    }
    for (std::uint32_t i = 0; i < 20'000; ++i) {
        RawTcp tcp(1000 + i, 40000, 6379);
        run.add(tcp.open());
        run.add(tcp.close());
        run.add(tcp.close_server());
        run.add(tcp.acknowledge());
    }
    // Their ends leave no ghosts.
    CHECK(run.finish().connections().connections == 20'005);
}

TEST_CASE("bounds: pending commands of very many connections") {
    const Cost cost;
    Run run;
    std::string many;
    for (int k = 0; k < 400; ++k) {
        many += get("x");
    }
    for (std::uint32_t i = 0; i < 2'500; ++i) {
        RawTcp tcp(1000 + i, 40000, 6379);
        run.add(tcp.open());
        run.add(tcp.say(many));
    }
    run.finish();
}

TEST_CASE("bounds: long keys of memcached, and lines without end") {
    const Cost cost;
    Run run;
    const std::string key(30'000, 'k');
    RawTcp worker(2, 50000, 11211);
    run.add(worker.open());
    for (std::uint32_t i = 0; i < 3'000; ++i) {
        run.add(worker.say("get " + key + "\r\n"));
        RawTcp tcp(1000 + i, 40000, 11211);
        run.add(tcp.open());
        run.add(tcp.say("get " + key));
    }
    run.finish();
}

TEST_CASE("bounds: packets far apart, of many open connections") {
    const Cost cost;
    Run run;
    std::vector<RawTcp> all;
    for (std::uint32_t i = 0; i < 10'000; ++i) {
        all.emplace_back(1000 + i, 40000, 6379);
        run.add(all.back().open());
    }
    for (int i = 0; i < 50'000; ++i) {
        run.add(all[0].say("*1\r\n$4\r\nPING\r\n"),
                std::chrono::milliseconds(150));
    }
    run.finish();
}

TEST_CASE("bounds: who waits is not thrown out for who is done") {
    Run run;
    RawTcp victim(1, 40000, 443);
    run.add(victim.open());
    run.add(victim.say(client_hello({id, server_name("victim")})));
    std::vector<RawTcp> done;
    for (std::uint32_t i = 0; i < 17'000; ++i) {
        RawTcp& tcp = done.emplace_back(1000 + i, 40000, 443);
        run.add(tcp.open());
        run.add(tcp.say(client_hello({"", server_name("x")})));
        run.add(tcp.answer(server_hello({"", tls13_chosen()})));
        run.add(tcp.say(record(23, std::string(60, 'f'))));
    }
    // Busy ones, and such as say nothing at all.
    for (RawTcp& tcp : done) {
        run.add(tcp.say(record(23, "data")));
    }
    for (std::uint32_t i = 0; i < 17'000; ++i) {
        run.add(RawTcp(100'000 + i, 40000, i % 2 == 0 ? 443 : 6379).open());
    }
    run.add(victim.answer(server_hello({id}) + record(20, "\1") +
                          record(22, std::string(40, 'f'))));
    run.add(victim.say(record(20, "\1") + record(22, std::string(40, 'f'))));
    const auto summary = run.finish();
    CHECK(run.told.back().server_name == "victim");
    CHECK(run.told.back().end == End::resumed);
    CHECK(run.told.back().handshake.has_value());
    CHECK(summary.let_go() == 0);
    CHECK(summary.connections().forgotten == 0);
}

TEST_CASE("bounds: a log of handshakes without end, or without wire") {
    const Cost cost;
    std::size_t told = 0;
    LogJoin join([&](Story&& /*story*/) { ++told; }, std::nullopt);
    LogStories stories([&](Story&& story) { join.add_log(std::move(story)); });
    LogLine line;
    line.pid = 1;
    const std::string text = "x" + std::string(2'000, 'y');
    for (std::uint64_t i = 0; i < 40'000; ++i) {
        line.connection = i;
        line.text = "handshake begins, 127.0.0.1:50122 -> 127.0.0.1:443";
        stories.add(line);
        line.text = text;
        for (int n = 0; n < 4; ++n) {
            stories.add(line);
        }
        if (i % 2 == 0) {
            line.text = "handshake done: TLSv1.3 full, MISS";
            stories.add(line);
        }
    }
    CHECK(stories.held() <= LogStories::max_held + 64 * 1024);
    stories.finish();
    join.finish();
    CHECK(told == 40'000);
}

TEST_CASE("bounds: a log with all of one client's handshakes") {
    const Cost cost;
    std::size_t joined = 0;
    LogJoin join(
        [&](Story&& story) { joined += story.in_log && story.on_wire; },
        std::nullopt);
    Story story;
    story.client = *read_endpoint("10.0.0.1:1");
    story.status = "-";
    const auto at = [&](int i) {
        story.begin = Time(std::chrono::seconds(10 * i));
        return story;
    };
    constexpr int many = 5'000;
    story.in_log = true;
    for (int i = 0; i < many; ++i) {
        join.add_log(at(i));
    }
    story.in_log = false;
    story.on_wire = true;
    for (int i = 0; i < many; ++i) {
        join.add_wire(at(i));
    }
    CHECK(joined == many);
}

TEST_CASE("bounds: a page of stories as long as they may be") {
    const TempDir dir;
    const auto path = dir.path() / "page.html";
    {
        const Cost cost;
        HtmlPage page(path.string());
        Story story;
        story.server_name = std::string(255, '<');
        for (std::size_t i = 0; i < Story::max_events; ++i) {
            story.add(Time(), "store_get", std::string(500, '&'));
        }
        for (int i = 0; i < 1'000; ++i) {
            page.tell(story);
        }
        page.conclude(Summary());
    }
    CHECK(std::filesystem::file_size(path) < 8 * 1024 * 1024);
}
