/*
 * A stream as OpenSSL reads and writes it.
 */

#pragma once

#include "coro/stream.hpp"

#include <openssl/bio.h>

namespace backends {

/*
 * Never waits: what cannot be done at once is to be retried, as BIO_read(3)
 * has it. `stream` has to outlive it. The caller's; null: out of memory.
 */
BIO* make_stream_bio(coro::Stream& stream) noexcept;

}  // namespace backends
