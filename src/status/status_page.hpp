/*
 * The page that shows the figures in a browser, in three parts: all before its
 * script, the script, and all after it. It has no assets outside of it, and
 * asks for the JSON at its own address again and again.
 */

#pragma once

namespace session_cache {

extern const char* const status_page_head;
extern const char* const status_page_script;
extern const char* const status_page_tail;

}  // namespace session_cache
