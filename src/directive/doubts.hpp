/*
 * What the directive accepts, but its author can hardly have meant.
 */

#pragma once

#include "directive/directive.hpp"

#include <string>
#include <vector>

namespace session_cache {

/*
 * A warning for each, for Parsed::warnings. `has_parameters`: some were given
 * besides "on" and "off".
 */
std::vector<std::string> doubts_of(const Directive& directive,
                                   bool has_parameters);

}  // namespace session_cache
