/*
 * nginx's headers for mail.
 */

#pragma once

#include "module/ngx.hpp"

extern "C" {
#include <ngx_mail.h>

extern ngx_module_t ngx_mail_module; /* no header declares it */
extern ngx_module_t ngx_mail_ssl_session_cache_module;
}
