// docs/directive.md against the code: which parameters there are, their
// defaults, and the ranges of numbers.

#include "status/outcome.hpp"
#include "support/directive_table.hpp"
#include "support/files.hpp"
#include "support/markdown.hpp"

#include <algorithm>
#include <set>

using namespace support;
using directive::parse;

namespace {

struct Row {
    std::string name, standard, from, to;
};

std::vector<Row> rows() {
    std::vector<Row> rows;
    for (const Cells& cells :
         table_rows("docs/directive.md", "## Parameters")) {
        REQUIRE(cells.size() == 4);
        rows.push_back({unquoted(cells[0]), unquoted(cells[1]),
                        unquoted(cells[2]), unquoted(cells[3])});
    }
    return rows;
}

// Adds the other parameters that this one needs.
std::string with(const Row& row, const std::string& value) {
    const std::string line = row.name + "=" + value;
    if (row.name == "rotate") {
        return line + " key=file tickets=shared";
    }
    return row.name == "tls_verify" ? line + " tls=on" : line;
}

std::string without(const Row& row) {
    const std::string line = with(row, "");
    return line.find(' ') == line.npos ? "" : line.substr(line.find(' ') + 1);
}

// A bound moved by `by`, in the same unit.
std::string moved(const std::string& bound, int by) {
    std::size_t end = 0;
    const long long number = std::stoll(bound, &end);
    return std::to_string(number + by) + bound.substr(end);
}

std::set<std::string> known() {
    const auto names = session_cache::parameter_names();
    return {names.begin(), names.end()};
}

}  // namespace

TEST_CASE("documented: each parameter, once") {
    std::multiset<std::string> documented;
    for (const Row& row : rows()) {
        documented.insert(row.name);
    }
    const auto names = known();
    CHECK(documented == std::multiset<std::string>(names.begin(), names.end()));
}

TEST_CASE(
    "documented: each parameter is explained, and in the README's syntax") {
    const auto reference = read_file(repository() / "docs/directive.md");
    const auto readme = read_file(repository() / "README.md");
    const auto syntax = readme.substr(readme.find("Syntax:"));
    for (const auto& name : known()) {
        CAPTURE(name);
        CHECK(reference.find("**`" + name) != std::string::npos);
        CHECK(syntax.substr(0, syntax.find(';')).find(name + "=") !=
              std::string::npos);
    }
}

TEST_CASE("documented: defaults are what acts without the parameter") {
    for (const Row& row : rows()) {
        CAPTURE(row.name);
        if (row.standard == "none") {
            continue;
        }
        CHECK(parse(with(row, row.standard)).error == "");
        CHECK(parse(with(row, row.standard)).directive ==
              parse(without(row)).directive);
    }
}

TEST_CASE("documented: ranges end where the code ends them") {
    std::size_t ranges = 0;
    for (const Row& row : rows()) {
        CAPTURE(row.name);
        if (row.from.empty()) {
            continue;
        }
        ++ranges;
        CHECK(parse(with(row, row.from)).error == "");
        CHECK(parse(with(row, row.to)).error == "");
        CHECK(parse(with(row, moved(row.from, -1))).error != "");
        CHECK(parse(with(row, moved(row.to, 1))).error != "");
    }
    CHECK(ranges == 6);
}

TEST_CASE("documented: each status of a lookup, once") {
    std::multiset<std::string> documented;
    for (const Cells& cells : table_rows("docs/directive.md", "## Variables")) {
        documented.insert(unquoted(cells[0]));
    }
    CHECK(documented ==
          std::multiset<std::string>(session_cache::outcome_texts.begin(),
                                     session_cache::outcome_texts.end()));
}
