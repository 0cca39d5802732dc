#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace support {

using Cells = std::vector<std::string>;

// The rows of all tables below a heading ("## Parameters"), up to the next
// heading of its level or above, without the tables' heads. The document's path
// is relative to the repository.
std::vector<Cells> table_rows(const std::string& document,
                              std::string_view heading);

// A cell without the backquotes around it.
std::string unquoted(std::string cell);

}  // namespace support
