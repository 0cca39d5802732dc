// The demo, with each of its stores. Its exit status says whether all went
// well.

#include "support/files.hpp"
#include "support/memory_checker.hpp"
#include "support/nginx.hpp"

#include <doctest/doctest.h>
#include <list>

using namespace support;

namespace {

constexpr std::chrono::minutes demo_limit(2);

Arguments demo(const std::string& store) {
    return {(repository() / "t/demo/demo.sh").string(), module_path().string(),
            "--store", store};
}

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

// The demo's nginx cannot load a module that is built with a sanitizer.
TEST_CASE("the demo shows what it says, with each store" *
          doctest::skip(in_sanitizer())) {
    const std::pair<const char*, const char*> shown[]{
        {"redis", "every session resumed"},
        {"memcached", "every session resumed"},
        {"cluster", "no handshake failed"},
        {"sentinel", "no handshake failed"},
    };
    const TempDir dir;
    std::list<Process> demos;  // all at once: they mostly wait
    for (const auto& each : shown) {
        demos.emplace_back(demo(each.first), dir.path() / each.first, SIGTERM);
    }
    auto one = demos.begin();
    for (const auto& each : shown) {
        const std::string store = each.first;
        CAPTURE(store);
        const auto status = (one++)->wait(demo_limit);
        const auto output = read_file(dir.path() / store);
        CAPTURE(output);
        CHECK(status == 0);
        CHECK(contains(output, each.second));
    }
}

TEST_CASE("the demo tells which stores it knows") {
    const auto said = run(demo("brew"));
    CHECK(said.status != 0);
    CHECK(contains(said.output, "redis, memcached, cluster or sentinel"));
}
