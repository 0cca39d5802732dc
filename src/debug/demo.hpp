/*
 * The demo's fleet (t/demo/demo.sh), run for us to watch.
 */

#pragma once

#include "debug/capture/child.hpp"
#include "debug/wire/roles.hpp"

#include <optional>
#include <string>
#include <vector>

namespace debug {

class Demo {
  public:
    /* Returns when the fleet runs. Throws std::runtime_error. */
    explicit Demo(const std::string& store);
    ~Demo();

    const Roles& roles() const noexcept { return roles_; }
    const std::vector<std::string>& keys() const noexcept { return keys_; }
    const std::vector<std::string>& logs() const noexcept { return logs_; }

    /* Lets the clients begin. */
    void go() noexcept;

    /* Whether all is over, the fleet ended. */
    bool over();

  private:
    void learn(const std::string& line);

    Roles roles_;
    std::vector<std::string> keys_;
    std::vector<std::string> logs_;
    Descriptor start_;
    Descriptor told_;
    std::optional<Child> child_;
};

}  // namespace debug
