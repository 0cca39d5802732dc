/*
 * Warns about configuration that will not act as expected. Each cause is one
 * warning, with its first place and the number of others.
 */

#pragma once

#include "module/conf.hpp"

namespace session_cache {

/* Call this when it is known who decides and who is attached. May throw
 * std::bad_alloc. */
void warn(ngx_conf_t* cf, const Configuration& configuration);

}  // namespace session_cache
