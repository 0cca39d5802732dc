/*
 * Stories and the summary as text, with colours on a terminal.
 */

#pragma once

#include "debug/tell/output.hpp"

#include <ostream>
#include <string>
#include <string_view>
#include <utility>

namespace debug {

class Terminal : public Output {
  public:
    /* Days other than `today` are printed. The format is that of date(). */
    Terminal(std::ostream& out, bool colours, std::string today)
        : out_(out), colours_(colours), day_(std::move(today)) {}

    void tell(const Story& story) override;
    void conclude(const Summary& summary) override;

  private:
    std::string paint(std::string_view colour, const std::string& text) const;
    std::string paint_status(const std::string& status) const;
    void tell_event(const Story& story, const Event& event);
    void row(std::string_view name, const Percentiles& times);
    void list(std::string_view title, const std::vector<std::string>& lines);

    std::ostream& out_;
    bool colours_;
    std::string day_; /* of the last story */
};

}  // namespace debug
