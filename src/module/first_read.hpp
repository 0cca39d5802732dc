/*
 * Stops a handshake at its beginning: nginx has prepared it, and OpenSSL is
 * about to read the ClientHello.
 */

#pragma once

#include "module/ngx.hpp"

namespace session_cache {

/*
 * Makes OpenSSL's next read of the connection find nothing, as if the client
 * were still silent. SSL_do_handshake(3) then returns, and wants to be called
 * again when there is something to read. Callbacks that others have set on the
 * BIO (BIO_set_callback_ex(3)) stay in force. Returns false if memory is short;
 * then nothing is stopped.
 */
bool refuse_first_read(ngx_connection_t* c) noexcept;

}  // namespace session_cache
