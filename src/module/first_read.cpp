#include "module/first_read.hpp"

#include <new>
#include <openssl/bio.h>
#include <utility>

namespace session_cache {

namespace {

/* In the connection's pool, which outlives its BIO. */
struct Refusing {
    BIO_callback_fn_ex previous; /* another module's, or null */
    bool pending = true;
};

/* The index under which a BIO keeps it. The callback's argument belongs to the
 * module that set the first callback. */
int refusing_index() {
    static const int index =
        BIO_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
    return index;
}

/*
 * BIO_set_callback_ex(3). If another module has chained it meanwhile, it stays,
 * and lets everything through.
 */
long on_bio(BIO* bio, int oper, const char* data, std::size_t size, int argi,
            long argl, int result, std::size_t* processed) noexcept {
    auto& refusing =
        *static_cast<Refusing*>(BIO_get_ex_data(bio, refusing_index()));

    if (oper == BIO_CB_READ && std::exchange(refusing.pending, false)) {
        if (BIO_get_callback_ex(bio) == on_bio) {
            BIO_set_callback_ex(bio, refusing.previous);
        }
        BIO_clear_retry_flags(bio);
        BIO_set_retry_read(bio);
        return -1;
    }

    return refusing.previous != nullptr
               ? refusing.previous(bio, oper, data, size, argi, argl, result,
                                   processed)
               : result;
}

}  // namespace

bool refuse_first_read(ngx_connection_t* c) noexcept {
    BIO* bio = SSL_get_rbio(c->ssl->connection);
    void* memory = ngx_palloc(c->pool, sizeof(Refusing));

    if (memory == nullptr || refusing_index() == -1) {
        return false;
    }

    auto* refusing = new (memory) Refusing{BIO_get_callback_ex(bio)};
    if (BIO_set_ex_data(bio, refusing_index(), refusing) != 1) {
        return false;
    }

    BIO_set_callback_ex(bio, on_bio);
    return true;
}

}  // namespace session_cache
