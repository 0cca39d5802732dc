/*
 * Whether the OpenSSL that is loaded can seal sessions and make tickets: its
 * providers may lack an algorithm (a FIPS provider, an openssl.cnf), and a
 * version may have an error. Both would show in a worker only, as sessions that
 * do not resume.
 */

#pragma once

#include <string>

namespace session_cache {

/*
 * Fetches all that keys, sealed values and tickets need (provider(7)) and
 * compares results with known answers. Returns what is missing or wrong, for
 * people; empty: nothing. Takes no random bytes, so it may run before a fork.
 * Leaves nothing in OpenSSL's error queue. Throws std::bad_alloc.
 */
std::string check_sealing();

}  // namespace session_cache
