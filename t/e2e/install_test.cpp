// build.sh install and uninstall, in a temporary directory.

#include "support/nginx.hpp"

#include <doctest/doctest.h>

using namespace support;
namespace fs = std::filesystem;

namespace {

std::size_t count_files(const fs::path& dir) {
    std::size_t count = 0;
    for (const auto& entry : fs::recursive_directory_iterator(dir)) {
        count += !entry.is_directory();
    }
    return count;
}

}  // namespace

TEST_CASE("install puts the module and the debug program in their places") {
    const TempDir dir;
    const auto build = [&](const std::string& verb) {
        const auto done = run({"env", "DESTDIR=" + dir.path().string(),
                               (repository() / "build.sh").string(), verb},
                              std::chrono::minutes(5));
        CAPTURE(done.output);
        REQUIRE(done.status == 0);
    };
    build("install");
    const auto module =
        dir.path() /
        "usr/lib/nginx/modules/ngx_http_ssl_session_cache_module.so";
    CHECK(read_file(module) == read_file(module_path()));
    const auto program =
        dir.path() / "usr/local/bin/ngx-ssl-session-cache-debug";
    CHECK(run({program.string(), "--help"}).status == 0);
    if (fs::exists("/etc/nginx/modules-enabled")) {
        const auto snippet =
            dir.path() /
            "usr/share/nginx/modules-available/mod-http-ssl-session-cache.conf";
        CHECK(read_file(snippet) ==
              "load_module modules/ngx_http_ssl_session_cache_module.so;\n");
        CHECK(
            fs::is_symlink(dir.path() / "etc/nginx/modules-enabled/"
                                        "50-mod-http-ssl-session-cache.conf"));
    }
    build("uninstall");
    CHECK(count_files(dir.path()) == 0);
}
