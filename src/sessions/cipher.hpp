/*
 * Whether a session has a cipher that a server still allows. With TLS 1.2
 * OpenSSL asks only whether the client offers it; with TLS 1.3 it looks for
 * itself.
 */

#pragma once

#include <openssl/ssl.h>

namespace session_cache {

/*
 * Whether a full handshake under `ctx` could come to the session's cipher: the
 * cipher list has it, and the security level is content with it. Sessions of
 * TLS 1.3 are allowed.
 */
bool allows_cipher(SSL_CTX* ctx, const SSL_SESSION* session) noexcept;

}  // namespace session_cache
