#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace fleet {

// What must hold, and whether it holds.
class Checks {
  public:
    struct Check {
        std::string what;
        bool holds;
        std::string why;  // why it does not, or the figures
    };

    void add(std::string what, bool holds, std::string why = "");

    const std::vector<Check>& all() const { return all_; }
    std::size_t failed() const;

    void print() const;
    // "N passed, M failed", as the tests print it.
    std::string summary() const;

  private:
    std::vector<Check> all_;
};

// Collects failed assertions of the test support code, because no test runs
// here: what nginx logged, and how it ended. Call this once, at the beginning.
void collect_complaints();
// All complaints, a paragraph each.
std::string complaints();

}  // namespace fleet
