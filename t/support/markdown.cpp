#include "support/markdown.hpp"

#include "support/files.hpp"

#include <regex>
#include <sstream>

namespace support {

namespace {

std::size_t level(std::string_view line) {
    return line.starts_with('#') ? line.find_first_not_of('#') : 0;
}

std::string trimmed(const std::string& text) {
    const auto first = text.find_first_not_of(' ');
    return first == text.npos
               ? ""
               : text.substr(first, text.find_last_not_of(' ') - first + 1);
}

Cells cells(const std::string& line) {
    Cells cells;
    std::istringstream text(line.substr(1));
    for (std::string cell; std::getline(text, cell, '|');) {
        cells.push_back(trimmed(cell));
    }
    return cells;
}

}  // namespace

std::vector<Cells> table_rows(const std::string& document,
                              std::string_view heading) {
    static const std::regex ruler(R"(\|[-:| ]+\|)");
    std::istringstream text(read_file(repository() / document));
    std::vector<Cells> rows;
    bool inside = false;

    for (std::string line; std::getline(text, line);) {
        const auto here = level(line);
        if (here != 0 && (!inside || here <= level(heading))) {
            inside = line == heading;
        } else if (inside && std::regex_match(line, ruler)) {
            rows.pop_back();  // the line above was the head
        } else if (inside && line.starts_with('|')) {
            rows.push_back(cells(line));
        }
    }
    return rows;
}

std::string unquoted(std::string cell) {
    std::erase(cell, '`');
    return cell;
}

}  // namespace support
