/*
 * Whether a session has a cipher that a server still allows. With TLS 1.2
 * OpenSSL checks only that the client offers it. With TLS 1.3 it checks both.
 */

#pragma once

#include <openssl/ssl.h>

namespace session_cache {

/*
 * Whether a full handshake under `ctx` could choose the session's cipher: the
 * cipher list has it, and the security level allows it. True for sessions of
 * TLS 1.3.
 */
bool allows_cipher(SSL_CTX* ctx, const SSL_SESSION* session) noexcept;

}  // namespace session_cache
