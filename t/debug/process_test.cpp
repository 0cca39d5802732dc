// The program as its environment meets it: outputs that fail, signals, and
// what is in its memory.

#include "debug/frames.hpp"
#include "debug/program_path.hpp"
#include "debug/raw_tcp.hpp"
#include "support/files.hpp"
#include "support/hex.hpp"
#include "support/key_files.hpp"
#include "support/memory_scan.hpp"
#include "support/nginx.hpp"
#include "support/process.hpp"
#include "support/socket.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

using namespace support;

namespace {

// A capture with handshakes that are cut off.
std::string capture(std::uint32_t handshakes) {
    std::vector<Packet> packets;
    std::chrono::microseconds now{1'700'000'000'000'000};
    for (std::uint32_t i = 0; i < handshakes; ++i) {
        RawTcp tcp(5 + i, 40000, 443);
        for (const auto& packet :
             {tcp.open(), tcp.say(client_hello({})), tcp.close()}) {
            packets.push_back({now += std::chrono::milliseconds(1), packet});
        }
    }
    return capture_file(Link::raw, packets);
}

// A capture that is written while it is read.
class Feed {
  public:
    Feed() : path_(dir_.path() / "fifo") {
        REQUIRE(mkfifo(path_.c_str(), 0600) == 0);
    }
    ~Feed() { close(fd_); }

    std::string path() const { return path_.string(); }

    // Returns when it is read.
    void open() {
        REQUIRE(eventually([&] {
            fd_ = ::open(path_.c_str(), O_WRONLY | O_CLOEXEC | O_NONBLOCK);
            return fd_ >= 0;  // ENXIO: nobody reads it yet
        }));
    }
    // False: nobody reads it any more.
    bool write(std::string_view bytes) const {
        const auto end = Clock::now() + patience;
        while (!bytes.empty() && wait_for(fd_, POLLOUT, end)) {
            const auto done = ::write(fd_, bytes.data(), bytes.size());
            if (done < 0 && errno != EAGAIN) {
                break;
            }
            bytes.remove_prefix(
                static_cast<std::size_t>(std::max<ssize_t>(done, 0)));
        }
        return bytes.empty();
    }
    // Such frames over and over, until nobody reads them any more.
    void flood(const std::string& capture) const {
        const auto end = Clock::now() + patience;
        const auto frames = capture.substr(file_header);
        for (bool goes_on = write(capture); goes_on && Clock::now() < end;) {
            goes_on = write(frames);
        }
    }

  private:
    static constexpr std::size_t file_header = 24;

    TempDir dir_;
    std::filesystem::path path_;
    int fd_ = -1;
};

}  // namespace

TEST_CASE("debug: an output that takes nothing fails the run") {
    const TempDir dir;
    const auto file = dir.path() / "file.pcap";
    const auto page = dir.path() / "page.html";
    write_file(file, capture(50));
    for (const std::string kind : {"--json", "--color=never"}) {
        CAPTURE(kind);
        const std::string command = quoted_program() + " --user root -r " +
                                    file.string() + " --html " + page.string() +
                                    ' ' + kind;
        const auto full = run({"sh", "-c", command + " 2>&1 > /dev/full"});
        CHECK(full.status == 1);
        CHECK(full.output.find("No space left on device") != std::string::npos);
        // What is told elsewhere is told all the same.
        CHECK(read_file(page).find("</html>") != std::string::npos);
    }
}

TEST_CASE("debug: an output that nobody reads any more ends the run") {
    const TempDir dir;
    const auto errors = dir.path() / "errors";
    Feed feed;
    // Its reader leaves before anything is told.
    Process reading({"bash", "-c",
                     quoted_program() + " --user root --json -r " +
                         feed.path() + " 2> " + errors.string() +
                         " | true; exit ${PIPESTATUS[0]}"},
                    dir.path() / "output");
    feed.open();
    std::signal(SIGPIPE, SIG_IGN);
    feed.flood(capture(2'000));
    CHECK(reading.wait(patience) == 1);
    CHECK(read_file(errors).find("Broken pipe") != std::string::npos);
}

TEST_CASE("debug: a signal is heard, whatever comes") {
    std::signal(SIGPIPE, SIG_IGN);
    const TempDir dir;
    Feed feed;
    const auto output = dir.path() / "output";
    Process reading({program(), "-r", feed.path(), "--user", "root"}, output);
    feed.open();
    std::thread writer([&] { feed.flood(capture(2'000)); });
    CHECK(eventually([&] { return !read_file(output).empty(); }));
    const auto begin = std::chrono::steady_clock::now();
    CHECK(reading.stop(SIGTERM) == 0);
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(30));
    writer.join();
    CHECK(read_file(output).find("Summary") != std::string::npos);
}

TEST_CASE("debug: who reads a capture is not root any more") {
    if (geteuid() != 0) {
        MESSAGE("only root can become another user");
        return;
    }
    const TempDir dir;
    Feed feed;
    // With groups to lose.
    Process reading(
        {find_program("setpriv"), "--groups=1,2", program(), "-r", feed.path()},
        dir.path() / "output");
    feed.open();
    const auto nobody = getpwnam("nobody")->pw_uid;
    const Identity expected{nobody, nobody, nobody, ""};
    CHECK(eventually([&] { return identity_of(reading.pid()) == expected; }));
    // Nothing of the capture has been read before that.
    REQUIRE(feed.write(capture(1)));
    CHECK(reading.stop(SIGTERM) == 0);
}

TEST_CASE("debug: of a key it keeps what names sessions") {
    const KeyFiles keys;
    static_cast<void>(keys.parameters("a"));
    const TempDir dir;
    Feed feed;
    Process reading({program(), "-r", feed.path(), "--user", "root", "--key",
                     keys.file('a')},
                    dir.path() / "output");
    feed.open();
    REQUIRE(feed.write(capture(1)));
    for (const auto& secret :
         {hex(KeyFiles::content('a')), KeyFiles::sealing_key('a')}) {
        CHECK(count_in_core(reading.pid(), secret) == 0);
        CHECK(count_hidden(reading.pid(), secret) == 0);
    }
    CHECK(reading.stop(SIGTERM) == 0);
}

TEST_CASE("debug: a mistake in the command line is told in a line") {
    const std::vector<std::pair<std::string, std::string>> mistakes{
        {"--what", "there is no option --what"},
        {"-x", "there is no option -x"},
        {"--count", "--count needs a value"},
        {"-r", "-r needs a value"},
        {"--json=3", "--json takes no value"},
        {"--count=none", "not a number: none"},
        {"file.pcap", "what is file.pcap?"},
    };
    for (const auto& [word, told] : mistakes) {
        const auto refused = run({program(), word});
        CHECK(refused.status == 2);
        CHECK(refused.output == "debug: " + told + "; see --help\n");
    }
}

TEST_CASE("debug: what is wrong with a file is told with its name") {
    const TempDir dir;
    const auto pcap = (dir.path() / "file.pcap").string();
    const auto log = (dir.path() / "error.log").string();
    const auto page = (dir.path() / "none" / "page.html").string();
    write_file(pcap, capture(1));
    write_file(log, "no capture, and longer than the head of one\n");
    const auto tells = [&](const Arguments& options, const std::string& what) {
        Arguments words{program(), "--user", "root"};
        words.insert(words.end(), options.begin(), options.end());
        const auto refused = run(words);
        CAPTURE(refused.output);
        CHECK(refused.status == 1);
        CHECK(refused.output.find("debug: " + what) == 0);
        CHECK(count_lines(refused.output, "") == 1);
    };
    tells({"-r", log}, log + ": unknown file format");
    tells({"-r", pcap + ".none"}, pcap + ".none: No such file");
    tells({"-r", dir.path()}, dir.path().string() + ": ");
    tells({"--error-log", dir.path()}, dir.path().string() + ": Is a dir");
    tells({"--error-log", log + ".1"}, log + ".1: No such file");
    tells({"-r", pcap, "--html", page}, page + ": No such file");
    tells({"-r", pcap, "--key", log}, log + ": a key has");

    // A part of it is read, and where it ends is told, too.
    const auto whole = capture(1);
    write_file(pcap, whole.substr(0, whole.size() - 1));
    const auto cut = run({program(), "--user", "root", "-r", pcap});
    CHECK(cut.status == 0);
    CHECK(cut.output.find("ends early: " + pcap + ": ") != std::string::npos);
}

TEST_CASE("debug: compressed files are told so, and read from a pipe") {
    const TempDir dir;
    const auto pcap = (dir.path() / "file.pcap").string();
    const auto log = (dir.path() / "error.log").string();
    write_file(pcap, capture(3));
    write_file(log, "2026/11/26 06:17:32 [debug] 12#12: *57 remote ssl session "
                    "cache: +0 us handshake begins, [::1]:1 -> [::1]:443\n");
    // What is printed after this command, with this option and file.
    const auto told = [](const std::string& before, const std::string& option,
                         const std::string& file) {
        return run({"sh", "-c",
                    before + quoted_program() + " --user root " + option + ' ' +
                        file})
            .output;
    };
    const auto check = [&](const std::string& file, const std::string& option,
                           const std::string& content) {
        REQUIRE(run({"gzip", file}).status == 0);
        const std::string packed = file + ".gz";
        CHECK(told("", option, packed) ==
              "debug: " + packed +
                  " is compressed: zcat FILE | ngx-ssl-session-cache-debug " +
                  option + " -\n");
        CHECK(told("zcat " + packed + " | ", option, "-").find(content) !=
              std::string::npos);
    };
    check(pcap, "-r", "3 handshakes");
    check(log, "--error-log", "[::1]:1");
    const std::string why = "standard input is compressed: zcat FILE";
    CHECK(told("", "-r", "- < " + pcap + ".gz").find(why) != std::string::npos);
    CHECK(told("cat " + pcap + ".gz | ", "-r", "-").find(why) !=
          std::string::npos);
}

TEST_CASE("debug: a log without a debug line of the module is told") {
    const TempDir dir;
    const auto log = (dir.path() / "error.log").string();
    const std::string ours = "2026/11/26 06:17:32 [debug] 12#12: *57 remote "
                             "ssl session cache: +0 us "
                             "handshake begins, [::1]:1 -> [::1]:443\n";
    const std::string others = "2026/11/26 06:17:32 [notice] 12#12: start\n";
    for (const bool silent : {true, false}) {
        write_file(log, others + (silent ? others : ours));
        const auto told =
            run({program(), "--user", "root", "--error-log", log});
        CHECK(told.status == 0);
        CHECK((told.output.find(log + " has 2 lines, and no debug line") !=
               std::string::npos) == silent);
    }
    write_file(log, "");
    const auto empty = run({program(), "--user", "root", "--error-log", log});
    CHECK(empty.output.find(log + " has 0 lines, and no debug line") !=
          std::string::npos);
}
