/*
 * A stream as a BIO, for OpenSSL.
 */

#pragma once

#include "coro/stream.hpp"

#include <openssl/bio.h>

namespace backends {

/*
 * Never waits: what cannot be done at once is to be retried, see BIO_read(3).
 * `stream` has to outlive it. The caller owns it. Null if out of memory.
 */
BIO* make_stream_bio(coro::Stream& stream) noexcept;

}  // namespace backends
