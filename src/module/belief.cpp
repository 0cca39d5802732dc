#include "module/belief.hpp"

#include "module/worker.hpp"
#include "sessions/cipher.hpp"

namespace session_cache {

namespace {

/* The SSL_CTX from whose ciphers a full handshake would choose. With TLS 1.2,
 * the name of the resumed session counts. */
SSL_CTX* choosing_ctx(SSL* ssl, [[maybe_unused]] const SSL_SESSION* session) {
#if !(NGX_HAVE_SNI_BEFORE_SESSION)
    const ServerConf& first = *first_of(ssl);
    const char* name = SSL_SESSION_get0_hostname(session);

    if (name != nullptr && first.find_named != nullptr) {
        const ServerConf* named = first.find_named(connection_of(ssl), name);
        if (named != nullptr && named->tls.ctx != nullptr) {
            return named->tls.ctx;
        }
    }
#endif
    return SSL_get_SSL_CTX(ssl);
}

/* Counts a refusal, and logs it if it is new. */
void refuse(SSL* ssl, const char* what, Refusal refusal) {
    tell(record_of(ssl), "value refused: %s", text(refusal));
    worker->tally().refusals[static_cast<std::size_t>(refusal)].add();

    if (worker->is_news(refusal)) {
        ngx_log_error(NGX_LOG_INFO, connection_of(ssl)->log, 0,
                      "remote_ssl_session_cache: %s is not used: %s", what,
                      text(refusal));
    }
}

}  // namespace

Expected expected_of(const ServerConf& conf, SSL* ssl, SessionId id) {
    ngx_connection_t* c = connection_of(ssl);

    return {.id = id,
            .context = conf.contexts.of(c).ours,
            .protocol = SSL_version(ssl),
            .timeout = session_timeout(c->ssl->session_ctx),
            .now = ngx_time()};
}

bool is_believed(SSL* ssl, const SSL_SESSION* session, Refusal refusal,
                 const char* what) {
    if (refusal == Refusal::none &&
        !allows_cipher(choosing_ctx(ssl, session), session)) {
        refusal = Refusal::other_cipher;
    }
    if (refusal != Refusal::none) {
        refuse(ssl, what, refusal);
    }
    return refusal == Refusal::none;
}

}  // namespace session_cache
