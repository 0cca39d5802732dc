#include "module/acting.hpp"

namespace session_cache {

namespace {

/* The index under which an SSL_CTX keeps its server's configuration. */
int conf_index() {
    static const int index =
        SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
    return index;
}

}  // namespace

ngx_int_t note_server(ngx_conf_t* cf, ServerConf& conf, SSL_CTX* ctx) {
    if (conf_index() == -1 ||
        SSL_CTX_set_ex_data(ctx, conf_index(), &conf) == 0) {
        ngx_ssl_error(NGX_LOG_EMERG, cf->log, 0,
                      (char*)"SSL_CTX_set_ex_data() failed");
        return NGX_ERROR;
    }
    return NGX_OK;
}

ServerConf* server_of(const SSL_CTX* ctx) noexcept {
    return static_cast<ServerConf*>(SSL_CTX_get_ex_data(ctx, conf_index()));
}

ngx_connection_t* connection_of(const SSL* ssl) noexcept {
    return static_cast<ngx_connection_t*>(ngx_ssl_get_connection(ssl));
}

ServerConf* first_of(const SSL* ssl) noexcept {
    return server_of(connection_of(ssl)->ssl->session_ctx);
}

ServerConf* acting_of(const SSL* ssl) noexcept {
#if (NGX_HAVE_SNI_BEFORE_SESSION)
    ServerConf* named = server_of(SSL_get_SSL_CTX(ssl));
    if (named != nullptr) {
        return named;
    }
#endif
    return first_of(ssl);
}

}  // namespace session_cache
