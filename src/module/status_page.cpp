#include "module/status_page.hpp"

namespace session_cache {

const std::string_view status_page = R"html(<!DOCTYPE html>
<html lang="en">
<title>remote_ssl_session_cache</title>
</html>
)html";

}  // namespace session_cache
