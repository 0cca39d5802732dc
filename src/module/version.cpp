#include "module/version.hpp"

#include "version/version.hpp"

namespace session_cache {

const char* const module_version = version_name;

}  // namespace session_cache
