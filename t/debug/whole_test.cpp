// What the program prints, word for word: t/debug/whole has it, to be read.
// With WRITE_WHOLE=1 in the environment these tests write it anew.

#include "debug/program_path.hpp"
#include "debug/whole_scenes.hpp"
#include "support/files.hpp"
#include "support/process.hpp"
#include "support/whole.hpp"

#include <doctest/doctest.h>

using namespace support;

namespace {

void check(const std::string& file, const std::string& text) {
    check_whole("debug/whole/" + file, text);
}

// The page without what is the same on all pages.
std::string bare(std::string page) {
    const std::pair<std::string, std::string> parts[]{
        {"<style", "</style>"},
        {"<details class=\"legend\"", "</details>"},
        {"<script", "</script>"}};
    for (const auto& [first, last] : parts) {
        const auto begin = page.find(first);
        const auto end = page.find(last, begin);
        REQUIRE(end != std::string::npos);
        page.erase(begin, end + last.size() - begin);
    }
    return page;
}

// A capture and a log, if there is one, as files.
class Run {
  public:
    explicit Run(const WholeScene& scene) : name_(scene.name) {
        write_file(dir_.path() / "capture", scene.capture);
        write_file(dir_.path() / "log", scene.log);
        command_ = "cd '" + dir_.path().string() + "' && exec env TZ=UTC0 " +
                   quoted_program() + " --user root -r capture " +
                   scene.options +
                   (scene.log.empty() ? "" : " --error-log log");
    }

    std::string output(const std::string& options) const {
        const auto done = run({"sh", "-c", command_ + ' ' + options});
        CHECK(done.status == 0);
        return done.output;
    }
    std::string page() const { return read_file(dir_.path() / "page.html"); }

  private:
    std::string name_;
    TempDir dir_;
    std::string command_;
};

}  // namespace

TEST_CASE("whole: what is printed of a capture") {
    for (const auto& scene : whole_scenes()) {
        CAPTURE(scene.name);
        const Run all(scene);
        check(scene.name + ".txt",
              all.output("--color=never --html page.html"));
        check(scene.name + ".html", bare(all.page()));
        check(scene.name + ".json", all.output("--json"));
    }
}

TEST_CASE("whole: in colours, with whole session IDs") {
    for (const auto& scene : whole_scenes()) {
        CAPTURE(scene.name);
        const Run all(scene);
        check(scene.name + ".colours.txt",
              all.output("--color=always --full-ids"));
    }
}
