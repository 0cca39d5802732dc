/*
 * An OpenSSL that lacks something, or errs, for LD_PRELOAD. OPENSSL_FAULT in
 * the environment is the name of an algorithm that is not to be had, or
 *
 *   restart   EVP_MAC_init() without a key resets nothing, as in OpenSSL 3.0.0
 *             to 3.0.2 (openssl#17811)
 *   frozen    EVP_MAC_init() of an object that has a key resets nothing
 *   mac       the last byte of an HMAC is wrong
 *   tag       a GCM tag is not checked
 */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <stdlib.h>
#include <string.h>

#define REAL(name) ((__typeof__(&name)) dlsym(RTLD_NEXT, #name))

/* nginx has another environment later on. */
static char fault[32];

__attribute__((constructor)) static void read_environment(void) {
    const char *value = getenv("OPENSSL_FAULT");
    strncpy(fault, value != NULL ? value : "", sizeof(fault) - 1);
}

static int is_fault(const char *name) {
    return strcmp(fault, name) == 0;
}

EVP_KDF *EVP_KDF_fetch(OSSL_LIB_CTX *ctx, const char *name,
                       const char *properties) {
    return is_fault(name) ? NULL : REAL(EVP_KDF_fetch)(ctx, name, properties);
}

EVP_MAC *EVP_MAC_fetch(OSSL_LIB_CTX *ctx, const char *name,
                       const char *properties) {
    return is_fault(name) ? NULL : REAL(EVP_MAC_fetch)(ctx, name, properties);
}

EVP_CIPHER *EVP_CIPHER_fetch(OSSL_LIB_CTX *ctx, const char *name,
                             const char *properties) {
    return is_fault(name) ? NULL
                          : REAL(EVP_CIPHER_fetch)(ctx, name, properties);
}

int EVP_MAC_init(EVP_MAC_CTX *ctx, const unsigned char *key, size_t length,
                 const OSSL_PARAM parameters[]) {
    static EVP_MAC_CTX *seen;

    if (is_fault("restart") && key == NULL && parameters == NULL) {
        return 1;
    }
    if (is_fault("frozen") && ctx == seen) {
        return 1;
    }
    seen = ctx;
    return REAL(EVP_MAC_init)(ctx, key, length, parameters);
}

int EVP_MAC_final(EVP_MAC_CTX *ctx, unsigned char *out, size_t *length,
                  size_t size) {
    int done = REAL(EVP_MAC_final)(ctx, out, length, size);

    if (is_fault("mac") && done == 1) {
        out[*length - 1] ^= 1;
    }
    return done;
}

int EVP_CipherFinal_ex(EVP_CIPHER_CTX *ctx, unsigned char *out, int *length) {
    int done = REAL(EVP_CipherFinal_ex)(ctx, out, length);
    return is_fault("tag") ? 1 : done;
}
