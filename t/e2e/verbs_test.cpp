// What build.sh says about its verbs and suites. Nothing is installed for this,
// and only the debug program is built, because it has its own --help.

#include "support/files.hpp"
#include "support/process.hpp"

#include <doctest/doctest.h>
#include <set>
#include <sstream>

using namespace support;

namespace {

using Words = std::set<std::string>;

// Runs build.sh with these arguments. `what` redirects its output.
Finished build_sh(const std::string& what, const Arguments& arguments) {
    Arguments command{"sh", "-c", "exec \"$0\" \"$@\" " + what,
                      (repository() / "build.sh").string()};
    command.insert(command.end(), arguments.begin(), arguments.end());
    return run(command, std::chrono::minutes(5));
}

Finished output(const Arguments& arguments) {
    return build_sh("2> /dev/null", arguments);
}

Finished errors(const Arguments& arguments) {
    return build_sh("2>&1 > /dev/null", arguments);
}

std::string first_word(const std::string& line) {
    return line.substr(0, line.find_first_of(" \n"));
}

// The words that lines begin with.
Words first_words(const std::string& text) {
    Words found;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with(' ')) {
            found.insert(first_word(line));
        }
    }
    return found;
}

// The rows of the list are between its first two empty lines.
Words verbs_in(const std::string& list) {
    const auto begin = list.find("\n\n") + 2;
    return first_words(list.substr(begin, list.find("\n\n", begin) - begin));
}

Words verbs_of_make() {
    static const std::string name = "VERBS = ";
    const auto makefile = read_file(repository() / "Makefile");
    const auto begin = makefile.find("\n" + name) + 1 + name.size();
    std::istringstream words(
        makefile.substr(begin, makefile.find("\n\n", begin) - begin));
    Words found;
    for (std::string word; words >> word;) {
        if (word != "\\") {
            found.insert(word);
        }
    }
    return found;
}

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("build.sh lists its verbs, and make has the same") {
    const auto list = output({"--help"});
    CHECK(list.status == 0);
    CHECK(verbs_in(list.output) == verbs_of_make());
    for (const char* word : {"-h", "help"}) {
        const auto same = output({word});
        CHECK(same.status == 0);
        CHECK(same.output == list.output);
    }
}

TEST_CASE("each verb of build.sh answers --help") {
    static const Words own{"bench", "debug", "fleet", "mutants"};
    const auto list = output({"--help"}).output;
    for (const auto& verb : verbs_in(list)) {
        CAPTURE(verb);
        const auto row = output({"help", verb});
        CHECK(row.status == 0);
        CHECK(first_word(row.output) == verb);
        CHECK(contains(list, row.output));

        const auto help = output({verb, "--help"});
        CHECK(help.status == 0);
        CHECK(own.contains(verb) == (help.output != row.output));
        CHECK(own.contains(verb) == contains(help.output, "sage: "));
        CHECK(output({verb, "-h"}).output == help.output);
    }
}

TEST_CASE("build.sh answers a word that is no verb with its list") {
    const auto list = output({"--help"}).output;
    const Arguments all[]{{"brew"}, {"brew", "--help"}, {"help", "brew"}};
    for (const auto& arguments : all) {
        const auto said = errors(arguments);
        CHECK(said.status != 0);
        CHECK(contains(said.output, list));
        CHECK(contains(said.output, "no such verb: brew"));
        CHECK(output(arguments).output.empty());
    }
}

TEST_CASE("build.sh names the suites of the tests") {
    const auto list = output({"test", "--list"});
    CHECK(list.status == 0);
    const auto suites = first_words(list.output);
    CHECK(suites ==
          Words{"debug", "e2e", "faults", "http3", "simulate", "unit"});
    const auto makefile = read_file(repository() / "t/Makefile");
    for (const auto& suite : suites) {
        CHECK(contains(makefile, "\n" + suite + ": "));
    }

    const auto unknown = errors({"test", "--suite", "unit", "--suite=brew"});
    CHECK(unknown.status != 0);
    CHECK(contains(unknown.output, "no such suite: brew"));
    CHECK(contains(unknown.output, list.output));

    const auto missing = errors({"test", "-tc=none*", "--suite"});
    CHECK(missing.status != 0);
    CHECK(contains(missing.output, "--suite wants"));
    CHECK(contains(missing.output, list.output));
}

TEST_CASE("build.sh tells which nginx it cannot build") {
    const TempDir empty;
    const std::pair<Arguments, std::string> all[]{
        {{}, "which version"},
        {{"--unpatched"}, "which version"},
        {{"--source"}, "--source wants a directory"},
        {{"--source", empty.path() / "none"}, "no such directory"},
        {{"--source=" + (empty.path() / "none").string()}, "no such directory"},
        {{"--source", empty.path()}, "these are not nginx's sources"},
        {{"1.22.1"}, "no patch fits nginx 1.22.1"},
        {{"1.26.3", "1.30.4"}, "one nginx at a time: 1.30.4"},
    };
    for (const auto& each : all) {
        const Arguments& arguments = each.first;
        const std::string& answer = each.second;
        CAPTURE(answer);
        Arguments command{"nginx"};
        command.insert(command.end(), arguments.begin(), arguments.end());
        const auto said = errors(command);
        CHECK(said.status != 0);
        CHECK(contains(said.output, answer));
    }
}
