// The directive's arguments: what is accepted is within the documented ranges,
// and an error message fits one line of a log.
//
// Input: the arguments, one a line.

#include "fuzz/fuzz.hpp"
#include "support/directive_table.hpp"

#include <cstring>
#include <doctest/doctest.h>
#include <sys/un.h>

using namespace session_cache;
using namespace std::chrono_literals;

namespace {

constexpr std::int32_t most = std::numeric_limits<std::int32_t>::max();

bool is_printable(std::string_view text) {
    return std::all_of(text.begin(), text.end(),
                       [](unsigned char c) { return c >= ' ' && c != 0x7f; });
}

void check(const ServerParameters& server) {
    CHECK(server.host.empty() != server.path.empty());
    if (server.path.empty()) {
        CHECK(server.port != 0);
    } else {
        CHECK(server.path.front() == '/');
        CHECK(server.path.size() < sizeof(sockaddr_un{}.sun_path));
        CHECK(server.port == 0);
    }
    CHECK(server.weight >= 1);
    CHECK(server.weight <= 1000);
}

/* Several servers are the seeds of a cluster, or Sentinels. */
void check_redis(const StoreParameters& store) {
    const bool has_sentinels = !store.sentinel.empty();

    CHECK((store.servers.size() == 1 || store.cluster || has_sentinels));
    CHECK_FALSE((store.cluster && has_sentinels));
    CHECK((store.db == 0 || !store.cluster));
    CHECK((store.sentinel_password.empty() || has_sentinels));
    CHECK((store.sentinel_user.empty() || !store.sentinel_password.empty()));
    for (const ServerParameters& server : store.servers) {
        CHECK(server.weight == 1);
    }
}

void check_type(const StoreParameters& store) {
    CHECK(store.servers.size() <= 100);
    if (store.type == Type::redis) {
        check_redis(store);
        return;
    }
    CHECK_FALSE(store.cluster);
    CHECK(store.sentinel.empty());
    CHECK(store.sentinel_password.empty());
    CHECK(store.db == 0);
    CHECK((store.password.empty() || !store.user.empty()));
}

void check_tls(const StoreParameters& store) {
    const auto& tls = store.tls;
    if (!tls.on) {
        CHECK(tls == backends::tls::Parameters{});
        return;
    }
    for (const auto& server : store.servers) {
        CHECK((!tls_name(store, server).empty() || !tls.verify));
    }
    CHECK(tls.cert.empty() == tls.cert_key.empty());
}

void check(const StoreParameters& store) {
    CHECK_FALSE(store.servers.empty());
    for (const auto& server : store.servers) {
        check(server);
    }
    check_type(store);
    check_tls(store);
    for (const auto time : {store.interval, store.timeout}) {
        CHECK(time > 0ms);
        CHECK(time.count() <= most);
    }
    CHECK(store.count > 0);
    CHECK((store.count <= most || store.count == backends::Options::unlimited));
    CHECK((store.user.empty() || !store.password.empty()));
    CHECK(store.db <= most);
}

// `rotate` is within its range, and set only where tickets are shared.
void check_tickets(const Directive& directive) {
    CHECK(directive.rotate >= 1min);
    CHECK(directive.rotate <= 7 * 24h);
    if (directive.tickets == Tickets::shared) {
        CHECK_FALSE(directive.keys.empty());
    } else {
        CHECK(directive.rotate == 1h);
    }
}

}  // namespace

void fuzz(Input input) {
    const Parsed parsed =
        support::directive::parse(std::string(input.rest()), '\n');
    if (!parsed.error.empty()) {
        CHECK(is_printable(parsed.error));
        return;
    }
    check(parsed.directive.store);
    check_tickets(parsed.directive);
    CHECK(parsed.directive.prefix.size() <= 128);
    CHECK(is_printable(parsed.directive.prefix));
    CHECK(parsed.directive.prefix.find(' ') == std::string::npos);
}
