/*
 * The variables in http.
 */

#pragma once

#include "http/ngx.hpp"

namespace session_cache::http {

/* nginx's hook, before the configuration is read. */
ngx_int_t add_variables(ngx_conf_t* cf) noexcept;

}  // namespace session_cache::http
