#include "module/early_data.hpp"
#include "module/acting.hpp"
#include "module/handshake.hpp"
#include "module/record.hpp"
#include "module/worker.hpp"
#include "sessions/claim.hpp"

#include <algorithm>
#include <new>
#include <string>

namespace session_cache {

namespace {

using backends::Addition;
using backends::Claimed;

/*
 * How long a claim lives. And how long a node refuses early data when it cannot
 * be sure that earlier claims are still there.
 *
 * OpenSSL accepts early data from 1 s before to 9 s after the time that the
 * client gives by its ticket's age, in whole seconds. These 11 s are by clocks
 * that may be 10 s late on one node and 10 s early on another, and a store may
 * count in seconds, too. That makes 32 s. The rest is for what clocks do
 * between two comparisons.
 */
constexpr std::chrono::seconds window{60};
static_assert(window >=
              std::chrono::seconds(11 + 1) + 2 * backends::Skew::tolerated);

EarlyDataOutcome refused(const Record& record, const char* why) {
    tell(&record, "early data refused: %s", why);
    return EarlyDataOutcome::unknown;
}

/* A flight without a claim may have been claimed in a store that has forgotten
 * it, or so long ago, by another clock, that the claim has expired. */
EarlyDataOutcome judge(const Record& record, const Claimed& claimed) {
    const backends::Footing& footing = claimed.footing;

    if (claimed.addition == Addition::exists) {
        tell(&record, "early data refused: %s", claimed_before);
        return EarlyDataOutcome::replayed;
    }
    if (claimed.addition == Addition::unknown) {
        return refused(record, "no answer from the store");
    }
    if (!footing.since ||
        worker->scheduler().loop().now() - *footing.since < window) {
        return refused(record, "the store may have forgotten earlier claims");
    }
    if (!footing.skew) {
        return refused(record, "the store's clock is not known");
    }
    if (!footing.skew->is_tolerable()) {
        return refused(record, "the clock here differs from the store's");
    }
    return EarlyDataOutcome::accepted;
}

/* The flight is claimed even if it is then refused for another reason. The
 * client sends its data again, and nobody else may. */
EarlyDataOutcome claim(const ServerConf& conf, SSL* ssl, Record& record) {
    const Remote& remote = *conf.remote;
    std::string name = claim_name(remote.directive.prefix, ssl);
    auto deadline = deadline_of(record, remote);
    if (!deadline) {
        return refused(record, "the handshake has waited long enough");
    }

    Suspension suspension(record.connection);
    if (!suspension.possible()) {
        return refused(record, "the handshake cannot wait");
    }

    tell(&record, "store asked to claim %s, suspended",
         Shortened(name, remote.directive.prefix.size() + 6).c_str());
    Claimed claimed = conf.store->claim(name, window, *deadline);
    record.waited += claimed.took;
    return judge(record, claimed);
}

/* QUIC packets with early data do not wait. nginx would drop them before the
 * store answers. */
EarlyDataOutcome decide(const ServerConf& conf, SSL* ssl, Record* record) {
    if (record == nullptr || conf.store == nullptr) {
        return EarlyDataOutcome::unknown;
    }
    if (record->connection->type == SOCK_DGRAM) {
        return refused(*record, "QUIC cannot wait for the store");
    }

    try {
        return claim(conf, ssl, *record);
    } catch (const std::bad_alloc&) {
        return refused(*record, "out of memory");
    }
}

/* SSL_CTX_set_allow_early_data_cb(3): OpenSSL would accept it. */
int on_early_data(SSL* ssl, void* /* arg */) noexcept {
    const ServerConf* conf = acting_of(ssl);
    if (conf == nullptr || !wants_once(*conf)) {
        return 1;
    }

    Record* record = worker != nullptr ? record_of(ssl) : nullptr;
    EarlyDataOutcome outcome = decide(*conf, ssl, record);
    if (record != nullptr) {
        record->early_data = outcome;
    }
    if (worker != nullptr) {
        worker->tally().early_data[static_cast<std::size_t>(outcome)].add();
    }
    return outcome == EarlyDataOutcome::accepted ? 1 : 0;
}

}  // namespace

/* OpenSSL calls the callback of the SSL_CTX with which the handshake began,
 * which may be any server's. It does not return an earlier callback. */
ngx_int_t watch_early_data(ngx_conf_t* cf, const Servers& servers) {
    bool wanted =
        std::any_of(servers.begin(), servers.end(),
                    [](const ServerConf* conf) { return wants_once(*conf); });
    if (!wanted) {
        return NGX_OK;
    }

    for (ServerConf* conf : servers) {
        if (conf->tls.ctx == nullptr) {
            continue;
        }
        if (note_server(cf, *conf, conf->tls.ctx) != NGX_OK) {
            return NGX_ERROR;
        }
        SSL_CTX_set_allow_early_data_cb(conf->tls.ctx, on_early_data, nullptr);
    }
    return NGX_OK;
}

}  // namespace session_cache
