// Every link in a document works: the file and the anchor that it names exist.

#include "support/files.hpp"

#include <cctype>
#include <doctest/doctest.h>
#include <filesystem>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace fs = std::filesystem;
using support::read_file;
using support::repository;

namespace {

void add(std::vector<fs::path>& found, const fs::path& file) {
    if (file.extension() == ".md") {
        found.push_back(file.lexically_normal());
    }
}

std::vector<fs::path> documents() {
    std::vector<fs::path> found;
    for (const auto& file : fs::directory_iterator(repository())) {
        add(found, file.path());
    }
    for (const char* below : {"docs", "patches"}) {
        for (const auto& file :
             fs::recursive_directory_iterator(repository() / below)) {
            add(found, file.path());
        }
    }
    return found;
}

// The anchor that forges make from a heading: in lower case, without
// punctuation, and with hyphens for spaces.
std::string anchor_of(const std::string& heading) {
    std::string anchor;
    for (const char c : heading) {
        const auto byte = static_cast<unsigned char>(c);
        if (std::isalnum(byte) != 0 || c == '-' || c == '_' || byte > 0x7f) {
            anchor += static_cast<char>(std::tolower(byte));
        } else if (c == ' ') {
            anchor += '-';
        }
    }
    return anchor;
}

std::set<std::string> anchors(const fs::path& document) {
    static const std::regex name("<a name=\"([^\"]*)\">");
    std::set<std::string> anchors;
    std::istringstream text(read_file(document));
    for (std::string line; std::getline(text, line);) {
        std::smatch found;
        if (std::regex_search(line, found, name)) {
            anchors.insert(found[1]);
        }
        if (line.starts_with('#') && line.find("# ") != line.npos) {
            anchors.insert(anchor_of(line.substr(line.find("# ") + 2)));
        }
    }
    return anchors;
}

// The links of a document that stay in the repository.
std::vector<std::string> links(const fs::path& document) {
    static const std::regex link(R"(\]\(([^)\s]+)\))");
    const std::string text = read_file(document);
    std::vector<std::string> links;
    for (std::sregex_iterator at(text.begin(), text.end(), link), end;
         at != end; ++at) {
        const std::string target = (*at)[1];
        if (target.find("://") == target.npos) {
            links.push_back(target);
        }
    }
    return links;
}

}  // namespace

TEST_CASE("documents: each link leads to a file, and to a place in it") {
    std::size_t checked = 0;
    for (const auto& document : documents()) {
        for (const auto& link : links(document)) {
            CAPTURE(document);
            CAPTURE(link);
            const auto hash = link.find('#');
            const auto file =
                hash == 0 ? document
                          : (document.parent_path() / link.substr(0, hash))
                                .lexically_normal();
            CHECK(fs::exists(file));
            if (hash != link.npos) {
                CHECK(anchors(file).count(link.substr(hash + 1)) == 1);
            }
            ++checked;
        }
    }
    CHECK(checked > 50);
}
