/*
 * What of the configuration will not act as one might expect: each cause is
 * one warning, with its first place and how many others there are.
 */

#pragma once

#include "module/conf.hpp"

namespace session_cache {

/* When it is known who decides and who is attached. May throw
 * std::bad_alloc. */
void warn(ngx_conf_t* cf, const Configuration& configuration);

}  // namespace session_cache
