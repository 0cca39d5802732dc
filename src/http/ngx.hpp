/*
 * nginx's headers for http.
 */

#pragma once

#include "module/ngx.hpp"

extern "C" {
#include <ngx_http.h>

extern ngx_module_t ngx_http_ssl_session_cache_module;
}
