/*
 * The page that shows the figures in a browser. It has no assets outside of
 * it, and asks for the JSON at its own address again and again.
 */

#pragma once

#include <string_view>

namespace session_cache {

extern const std::string_view status_page;

}  // namespace session_cache
