/*
 * Runs the demo's fleet (t/demo/demo.sh), to capture its traffic.
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
    /* Returns when the fleet is running. Throws std::runtime_error. */
    explicit Demo(const std::string& store);
    ~Demo();

    const Roles& roles() const noexcept { return roles_; }
    const std::vector<std::string>& keys() const noexcept { return keys_; }
    const std::vector<std::string>& logs() const noexcept { return logs_; }

    /* Starts the clients. */
    void go() noexcept;

    /* Whether the fleet has ended. */
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
