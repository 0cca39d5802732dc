// Another module sets OpenSSL's callbacks before ours or after ours, or there
// are none before ours: nobody misses a call, and sessions resume.

#include "support/files.hpp"
#include "support/node.hpp"
#include "support/preload.hpp"

#include <doctest/doctest.h>

using namespace support;

namespace {

const std::vector<std::string> times{"before", "after", "none"};

// See t/preload/other_callbacks.c.
class Other {
  public:
    explicit Other(const std::string& words)
        : preload_("other_callbacks"), words_("OTHER_CALLBACKS", words),
          log_("OTHER_LOG", file().string()) {}

    std::filesystem::path file() const { return dir_.path() / "log"; }
    bool called(const std::string& word) const {
        return count_lines(read_file(file()), word) > 0;
    }

  private:
    TempDir dir_;
    Preload preload_;
    Environment words_;
    Environment log_;
};

// A node that also runs the other module, and a plain node.
struct Pair {
    Pair(const std::string& words, const NodeConfig& config)
        : other(words), node(directive(redis), config) {
        REQUIRE(plain.connected());
        REQUIRE(node.connected());
    }

    // Sessions of each node resume at the other, and a bad one is removed.
    void check() {
        for (auto options : {tls12(), tls13()}) {
            CAPTURE(options.max_version);
            options.session = made(plain, options);
            CHECK(node.get(options).reused);
            CHECK(node.get(options).reused);
            options.session = made(node, options);
            CHECK(plain.get(options).reused);
        }
        const auto session = made(node, tls12());
        spoil(node, session);
        CHECK(eventually(
            [&] { return !redis.exists("ngx_ssl:" + session_id(session)); }));
    }

    Session made(const Node& at, TlsOptions options) const {
        options.session = nullptr;
        auto session = at.get(options).session();
        REQUIRE(wait_stored(redis, session));
        return session;
    }

    void check_called(const std::string& kind, const std::string& time) const {
        CAPTURE(kind);
        CHECK(other.called(kind + "-" + time) == (time != "none"));
    }

    RedisServer redis;
    Node plain{directive(redis), {}};
    Other other;
    Node node;
};

}  // namespace

PRELOAD_TEST_CASE("callbacks for sessions, in all combinations") {
    for (const auto& local : {NodeConfig(), shared_cache()}) {
        for (const auto& at_new : times) {
            for (const auto& at_get : times) {
                for (const auto& at_remove : times) {
                    CAPTURE(local.server);
                    CAPTURE(at_new);
                    CAPTURE(at_get);
                    CAPTURE(at_remove);
                    auto words = "new-" + at_new;
                    words.append(" get-").append(at_get);
                    words.append(" remove-").append(at_remove);
                    Pair pair(words, local);
                    pair.check();
                    pair.check_called("new", at_new);
                    pair.check_called("get", at_get);
                    pair.check_called("remove", at_remove);
                }
            }
        }
    }
}

PRELOAD_TEST_CASE("an info callback before ours, after, or none") {
    for (const auto& time : times) {
        CAPTURE(time);
        Pair pair("info-" + time, {});
        pair.check();
        pair.check_called("info", time);
        // Handshakes are counted, whoever makes the call.
        CHECK(pair.node.figures()["handshakes"]["resumed_from_store"] >= 4);
    }
}
