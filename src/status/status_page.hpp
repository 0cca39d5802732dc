/*
 * The page that shows the figures in a browser. It loads its script, its style
 * and the JSON from its own address and nothing from elsewhere, so it works
 * under the strictest Content-Security-Policy.
 */

#pragma once

namespace session_cache {

extern const char* const status_page;   /* HTML */
extern const char* const status_script; /* ?format=script */
extern const char* const status_style;  /* ?format=style */
extern const char* const status_icon;   /* ?format=icon, SVG */

}  // namespace session_cache
