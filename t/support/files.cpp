#include "support/files.hpp"

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <unistd.h>

namespace support {

namespace fs = std::filesystem;

TempDir::TempDir() {
    // Short, because a Unix socket's path has 108 bytes at most.
    std::string name = (fs::temp_directory_path() / "ngx_ssl.XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) {
        throw std::system_error(errno, std::generic_category(), "mkdtemp");
    }
    path_ = name;
}

TempDir::~TempDir() {
    if (std::getenv("KEEP_TEST_FILES") == nullptr) {
        std::error_code ignored;
        fs::remove_all(path_, ignored);
    }
}

std::string read_file(const fs::path& file) {
    std::ostringstream text;
    text << std::ifstream(file, std::ios::binary).rdbuf();
    return text.str();
}

void write_file(const fs::path& file, std::string_view text) {
    std::ofstream out(file, std::ios::binary);
    out << text;
    if (!out.flush()) {
        throw std::runtime_error("cannot write " + file.string());
    }
}

std::size_t count_lines(std::string_view text, std::string_view part) {
    std::size_t count = 0;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size() - 1);
        count += text.substr(0, end + 1).find(part) != text.npos;
        text.remove_prefix(end + 1);
    }
    return count;
}

const fs::path& repository() {
    static const fs::path root = [] {
        fs::path at = fs::read_symlink("/proc/self/exe").parent_path();
        while (!fs::exists(at / "t" / "support")) {
            if (at == at.root_path()) {
                throw std::runtime_error("run from outside its repository");
            }
            at = at.parent_path();
        }
        return at;
    }();
    return root;
}

std::string find_program(const std::string& name) {
    const char* path = std::getenv("PATH");
    std::istringstream directories(std::string(path ? path : "") +
                                   ":/usr/local/sbin:/usr/sbin:/sbin");
    for (std::string directory; std::getline(directories, directory, ':');) {
        const auto file = fs::path(directory) / name;
        if (access(file.c_str(), X_OK) == 0) {
            return file.string();
        }
    }
    throw std::runtime_error("no program " + name);
}

}  // namespace support
