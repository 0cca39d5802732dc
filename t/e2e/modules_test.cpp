// Other modules in the same nginx: Lua, which sets some of OpenSSL's callbacks
// for sessions, and all others that are installed.

#include "support/node.hpp"

#include <algorithm>
#include <doctest/doctest.h>

using namespace support;
namespace fs = std::filesystem;

namespace {

const fs::path installed = "/usr/lib/nginx/modules";

// Whether the nginx under test accepts these lines.
bool takes(const std::string& lines, const std::string& http = "") {
    NginxConfig config;
    config.http = http;
    config.load_module = false;
    config.main = lines;
    return NginxPrefix(config).test().status == 0;
}

std::string lua() {
    return load_line(installed / "ndk_http_module.so") +
           load_line(installed / "ngx_http_lua_module.so");
}

// If it has not, a message says so.
bool has_lua() {
    static const bool has =
        fs::exists(installed / "ngx_http_lua_module.so") && takes(lua());
    if (!has) {
        MESSAGE("this nginx has no Lua");
    }
    return has;
}

// Modules that others need come first.
std::vector<fs::path> all_modules() {
    std::vector<fs::path> all;
    if (!fs::exists(installed)) {
        return all;
    }
    for (const auto& entry : fs::directory_iterator(installed)) {
        const auto name = entry.path().filename().string();
        if (name.ends_with(".so") &&
            name.find("ssl_session_cache") == std::string::npos) {
            all.push_back(entry.path());
        }
    }
    const auto rank = [](const fs::path& path) {
        const auto name = path.filename().string();
        return name == "ndk_http_module.so"     ? 0
               : name == "ngx_stream_module.so" ? 1
                                                : 2;
    };
    std::sort(all.begin(), all.end(), [&](const auto& a, const auto& b) {
        return std::pair(rank(a), a) < std::pair(rank(b), b);
    });
    return all;
}

// The lines that load all modules which go together, in this order.
std::string load_all() {
    std::string lines;
    for (const auto& module : all_modules()) {
        if (takes(lines + load_line(module))) {
            lines += load_line(module);
        }
    }
    return lines;
}

// A session cache in Lua, or half of one.
struct LuaCache {
    bool fetches;
    bool stores;

    std::string lines() const {
        std::string text = "lua_shared_dict sessions 1m;\n";
        if (fetches) {
            text += "ssl_session_fetch_by_lua_block {\n"
                    "    local s = require 'ngx.ssl.session'\n"
                    "    local v = ngx.shared.sessions:get("
                    "s.get_session_id())\n"
                    "    if v then s.set_serialized_session(v) end\n}\n";
        }
        if (stores) {
            text += "ssl_session_store_by_lua_block {\n"
                    "    local s = require 'ngx.ssl.session'\n"
                    "    ngx.shared.sessions:set(s.get_session_id(), "
                    "s.get_serialized_session())\n}\n";
        }
        return text;
    }
};

NodeConfig with_modules(const std::string& lines, bool ours_first = true) {
    NodeConfig config;
    config.nginx.module_first = ours_first;
    config.nginx.main = lines;
    return config;
}

// Sessions go from one node to the other, back, and there once more.
void check_resumes(Fleet& fleet) {
    for (auto options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        options.session = fleet.make(options);
        CHECK(fleet.b.get(options).reused);
        CHECK(fleet.a.get(options).reused);
        CHECK(fleet.b.get(options).reused);
    }
}

// Clients whose first key share the nodes do not accept.
void check_resumes_after_retry(Fleet& fleet) {
    auto options = tls13();
    options.groups = "X25519:P-384";
    options.session = fleet.make(options);
    TlsClient client(fleet.b.address(), options);
    client.handshake();
    CHECK(client.hello_retry());
    CHECK(client.reused());
}

}  // namespace

TEST_CASE("half a cache of Lua's, or a whole one") {
    if (!has_lua()) {
        return;
    }
    const std::string shared = "ssl_session_cache shared:S:1m;";
    for (const bool fetches : {false, true}) {
        for (const bool stores : {false, true}) {
            for (const auto& local : {std::string(), shared}) {
                CAPTURE(fetches);
                CAPTURE(stores);
                CAPTURE(local);
                auto config = with_modules(lua());
                config.http = LuaCache{fetches, stores}.lines();
                config.server = local + " ssl_ecdh_curve secp384r1;";
                RedisServer redis;
                Fleet fleet(redis, config);
                check_resumes(fleet);
                check_resumes_after_retry(fleet);
            }
        }
    }
}

TEST_CASE("the store fills a cache of Lua's") {
    if (!has_lua()) {
        return;
    }
    auto config = with_modules(lua());
    config.http = LuaCache{true, true}.lines();
    RedisServer redis;
    Fleet fleet(redis, config);
    auto options = tls12();  // Lua leaves TLS 1.3 alone
    options.session = fleet.make(options);
    CHECK(fleet.b.get(options).reused);
    redis.flush();
    CHECK(fleet.b.get(options).reused);
}

TEST_CASE("Lua at all steps of a handshake") {
    if (!has_lua()) {
        return;
    }
    for (const bool ours_first : {true, false}) {
        CAPTURE(ours_first);
        auto config = with_modules(lua(), ours_first);
        config.http = LuaCache{true, true}.lines();
        config.server = "ssl_certificate_by_lua_block { ngx.sleep(0.01) }\n";
        // Only a patched nginx can wait in this block.
        const std::string hello = "ssl_client_hello_by_lua_block { }\n";
        if (takes(lua(), hello)) {
            config.server += hello;
        }
        RedisServer redis;
        Fleet fleet(redis, config);
        check_resumes(fleet);
    }
}

TEST_CASE("all modules that are installed, before and after ours") {
    const auto lines = load_all();
    for (const bool ours_first : {true, false}) {
        CAPTURE(ours_first);
        RedisServer redis;
        auto config = with_modules(lines, ours_first);
        config.nginx.leaks = Leaks::ignored;
        Fleet fleet(redis, config);
        check_resumes(fleet);
    }
}
