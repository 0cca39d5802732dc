#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace support {

using Cells = std::vector<std::string>;

// The rows of all tables below a heading ("## Parameters") of a document, named
// from the repository, up to the next heading of its level or above. A table's
// own head is not among them, nor the line below it.
std::vector<Cells> table_rows(const std::string& document,
                              std::string_view heading);

// A cell without the backquotes around it.
std::string unquoted(std::string cell);

}  // namespace support
