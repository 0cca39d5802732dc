/*
 * The page that shows the figures in a browser. It asks for its script, its
 * style and the JSON at its own address, so that the strictest
 * Content-Security-Policy lets it work; and has no assets elsewhere.
 */

#pragma once

namespace session_cache {

extern const char* const status_page;   /* HTML */
extern const char* const status_script; /* ?format=script */
extern const char* const status_style;  /* ?format=style */
extern const char* const status_icon;   /* ?format=icon, SVG */

}  // namespace session_cache
