/*
 * Whether the loaded OpenSSL can seal sessions and make tickets. Its providers
 * may lack an algorithm (a FIPS provider, an openssl.cnf), and a version may
 * have a bug. Both would otherwise show only in a worker, as sessions that do
 * not resume.
 */

#pragma once

#include <string>

namespace session_cache {

/*
 * Fetches all algorithms that keys, sealed values and tickets need
 * (provider(7)), and compares results with known answers. Returns a text about
 * what is missing or wrong, or an empty one. Takes no random bytes, so it may
 * run before a fork. Leaves nothing in OpenSSL's error queue. Throws
 * std::bad_alloc.
 */
std::string check_sealing();

}  // namespace session_cache
