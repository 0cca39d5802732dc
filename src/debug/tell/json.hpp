/*
 * Stories and the summary as JSON, one object per line.
 */

#pragma once

#include "debug/tell/output.hpp"

#include <nlohmann/json_fwd.hpp>
#include <ostream>

namespace debug {

nlohmann::ordered_json to_json(const Story& story);
nlohmann::ordered_json to_json(const Summary& summary);

class JsonLines : public Output {
  public:
    explicit JsonLines(std::ostream& out) : out_(out) {}

    void tell(const Story& story) override;
    void conclude(const Summary& summary) override;

  private:
    std::ostream& out_;
};

}  // namespace debug
