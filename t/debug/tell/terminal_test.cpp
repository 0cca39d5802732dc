// What is told on a terminal.

#include "debug/tell/format.hpp"
#include "debug/tell/terminal.hpp"

#include <cstdlib>
#include <ctime>
#include <doctest/doctest.h>
#include <sstream>

using namespace debug;

namespace {

// Two hours ahead of UTC, for as long as it lives.
class EasternTime {
  public:
    EasternTime() {
        setenv("TZ", "EET-2", 1);
        tzset();
    }
    ~EasternTime() {
        before_.empty() ? unsetenv("TZ") : setenv("TZ", before_.c_str(), 1);
        tzset();
    }

  private:
    std::string before_ = std::getenv("TZ") ? std::getenv("TZ") : "";
};

Story at(Time begin) {
    Story story;
    story.client = *read_endpoint("10.1.2.3:50122");
    story.server = *read_endpoint("10.0.0.1:443");
    story.begin = begin;
    story.on_wire = true;
    story.status = "-";
    return story;
}

// 2023-11-14 21:13:20 UTC.
const Time evening{std::chrono::seconds(1'699'996'400)};

}  // namespace

TEST_CASE("terminal: the time of day is that of here, and days are told once") {
    const EasternTime zone;
    std::ostringstream out;
    Terminal terminal(out, false, "2023-11-14");
    terminal.tell(at(evening + Microseconds(5)));
    terminal.tell(at(evening + std::chrono::hours(1)));
    terminal.tell(at(evening + std::chrono::hours(2)));
    Story by_log = at(evening + std::chrono::hours(3));
    by_log.on_wire = false;
    by_log.in_log = true;
    terminal.tell(by_log);
    const auto text = out.str();
    CHECK(text.starts_with("23:13:20.000005 10.1.2.3:50122 → :443"));
    const auto day = text.find("2023-11-15\n\n00:13:20.000000 10.1.2.3");
    CHECK(day != std::string::npos);
    CHECK(text.find("2023-11-15", day + 1) == std::string::npos);
    CHECK(text.find("\n01:13:20.000000 10.1.2.3") != std::string::npos);
    // The log has seconds only.
    CHECK(text.find("\n02:13:20 10.1.2.3") != std::string::npos);
}

TEST_CASE("terminal: of an old capture the day is told") {
    const EasternTime zone;
    std::ostringstream out;
    Terminal terminal(out, false, "2026-11-29");
    terminal.tell(at(evening));
    CHECK(out.str().starts_with("2023-11-14\n\n23:13:20.000000 "));
}

TEST_CASE("terminal: programs are told times that no zone changes") {
    const EasternTime zone;
    CHECK(timestamp(evening + Microseconds(5)) ==
          "2023-11-14T21:13:20.000005Z");
}
