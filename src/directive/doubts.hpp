/*
 * What the directive takes, but its writer can hardly have meant.
 */

#pragma once

#include "directive/directive.hpp"

#include <string>
#include <vector>

namespace session_cache {

/*
 * A warning for each, as Parsed::warnings has them. `has_parameters`: some were
 * given beside "on" and "off".
 */
std::vector<std::string> doubts_of(const Directive& directive,
                                   bool has_parameters);

}  // namespace session_cache
