/*
 * Another module that sets callbacks of OpenSSL's, for LD_PRELOAD. The words of
 * OTHER_CALLBACKS in the environment say which, and when:
 *
 *   new-before   set before ours, calls what nginx has set
 *   new-after    set after ours, calls ours
 *   new-none     there is none when ours are set
 *
 * The same with "get", "remove" and "info". Each call is a line of the file
 * OTHER_LOG.
 */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name)) dlsym(RTLD_NEXT, #name))

/* nginx has another environment later on. */
static char words[64];
static char log_file[4096];

__attribute__((constructor)) static void read_environment(void) {
    const char *value = getenv("OTHER_CALLBACKS");
    const char *log = getenv("OTHER_LOG");

    strncpy(words, value != NULL ? value : "", sizeof(words) - 1);
    strncpy(log_file, log != NULL ? log : "", sizeof(log_file) - 1);
}

static int is_wanted(const char *word) {
    return strstr(words, word) != NULL;
}

static int is_ours(void *function) {
    Dl_info info;
    return function != NULL && dladdr(function, &info) != 0 &&
           strstr(info.dli_fname, "ssl_session_cache_module") != NULL;
}

static void note(const char *word) {
    int fd = open(log_file, O_WRONLY | O_APPEND | O_CREAT, 0600);

    if (fd != -1) {
        dprintf(fd, "%s\n", word);
        close(fd);
    }
}

typedef int (*new_cb)(SSL *, SSL_SESSION *);
typedef SSL_SESSION *(*get_cb)(SSL *, const unsigned char *, int, int *);
typedef void (*remove_cb)(SSL_CTX *, SSL_SESSION *);
typedef void (*info_cb)(const SSL *, int, int);

/* What was there: nginx's, or ours. */
static new_cb new_of[2];
static get_cb get_of[2];
static remove_cb remove_of[2];
static info_cb info_of[2];

#define CHAINED(kind, at, word, result, none, parameters, arguments)           \
    static result other_##kind##at parameters {                                \
        note(word);                                                            \
        return kind##_of[at] ? kind##_of[at] arguments : none;                 \
    }

CHAINED(new, 0, "new-before", int, 0, (SSL * s, SSL_SESSION *n), (s, n))
CHAINED(new, 1, "new-after", int, 0, (SSL * s, SSL_SESSION *n), (s, n))
CHAINED(get, 0, "get-before", SSL_SESSION *, NULL,
        (SSL * s, const unsigned char *id, int n, int *copy), (s, id, n, copy))
CHAINED(get, 1, "get-after", SSL_SESSION *, NULL,
        (SSL * s, const unsigned char *id, int n, int *copy), (s, id, n, copy))
CHAINED(remove, 0, "remove-before", void, (void)0, (SSL_CTX * c, SSL_SESSION *n),
        (c, n))
CHAINED(remove, 1, "remove-after", void, (void)0, (SSL_CTX * c, SSL_SESSION *n),
        (c, n))
CHAINED(info, 0, "info-before", void, (void)0, (const SSL *s, int w, int v),
        (s, w, v))
CHAINED(info, 1, "info-after", void, (void)0, (const SSL *s, int w, int v),
        (s, w, v))

/* Our module asks for what there is, and then sets its own. */
#define CALLBACK(kind, getter, setter)                                         \
    kind##_cb getter(SSL_CTX *ctx) {                                           \
        kind##_cb there = REAL(getter)(ctx);                                   \
        if (is_ours((void *)there) || there == other_##kind##0 ||              \
            there == other_##kind##1) {                                        \
            return there;                                                      \
        }                                                                      \
        if (is_wanted(#kind "-none")) {                                        \
            REAL(setter)(ctx, NULL);                                           \
        }                                                                      \
        if (is_wanted(#kind "-before")) {                                      \
            kind##_of[0] = there;                                              \
            REAL(setter)(ctx, other_##kind##0);                                \
        }                                                                      \
        return REAL(getter)(ctx);                                              \
    }                                                                          \
    void setter(SSL_CTX *ctx, kind##_cb callback) {                            \
        if (is_wanted(#kind "-after") && is_ours((void *)callback)) {          \
            kind##_of[1] = callback;                                           \
            callback = other_##kind##1;                                        \
        }                                                                      \
        REAL(setter)(ctx, callback);                                           \
    }

CALLBACK(new, SSL_CTX_sess_get_new_cb, SSL_CTX_sess_set_new_cb)
CALLBACK(get, SSL_CTX_sess_get_get_cb, SSL_CTX_sess_set_get_cb)
CALLBACK(remove, SSL_CTX_sess_get_remove_cb, SSL_CTX_sess_set_remove_cb)
CALLBACK(info, SSL_CTX_get_info_callback, SSL_CTX_set_info_callback)
