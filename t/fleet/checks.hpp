#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace fleet {

// What must hold, and whether it does.
class Checks {
  public:
    struct Check {
        std::string what;
        bool holds;
        std::string why;  // not, or with which figures
    };

    void add(std::string what, bool holds, std::string why = "");

    const std::vector<Check>& all() const { return all_; }
    std::size_t failed() const;

    void print() const;
    // "N passed, M failed", as the tests have it.
    std::string summary() const;

  private:
    std::vector<Check> all_;
};

// What doctest's assertions in the tests' support complain of, here where no
// test runs: what nginx logged, how it ended. To be called once, at the begin.
void collect_complaints();
// All of these, a paragraph each.
std::string complaints();

}  // namespace fleet
