#include "support/go_client.hpp"

#include "support/files.hpp"
#include "support/process.hpp"

#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <stdexcept>

namespace support {

namespace {

std::string output_of(const Arguments& arguments) {
    const auto done = run(arguments, Milliseconds{120000});
    if (done.status != 0) {
        throw std::runtime_error("go: " + done.output);
    }
    return done.output;
}

// Built once for all tests of a process.
const std::filesystem::path& program() {
    static const TempDir dir;
    static const auto path = [] {
        const auto source = repository() / "t" / "support" / "go_client.go";
        auto binary = dir.path() / "go_client";
        output_of({"env", "GO111MODULE=off",
                   "GOFLAGS=", "GOCACHE=" + (dir.path() / "cache").string(),
                   "go", "build", "-o", binary.string(), source.string()});
        return binary;
    }();
    return path;
}

}  // namespace

std::vector<std::string> go_visits(const std::string& protocol,
                                   const std::vector<Address>& addresses) {
    Arguments arguments{program().string(), protocol};
    for (const auto& address : addresses) {
        arguments.push_back(address.text());
    }

    std::istringstream words(output_of(arguments));
    std::vector<std::string> visits;
    for (std::string word; words >> word;) {
        visits.push_back(word);
    }
    return visits;
}

}  // namespace support
