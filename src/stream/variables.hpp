/*
 * The variables in stream.
 */

#pragma once

#include "stream/ngx.hpp"

namespace session_cache::stream {

/* nginx's hook, before the configuration is read. */
ngx_int_t add_variables(ngx_conf_t* cf) noexcept;

}  // namespace session_cache::stream
