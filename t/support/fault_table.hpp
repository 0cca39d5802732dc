#pragma once

#include <string>

namespace support {

// One cell of the fault matrix: a fault (a row of its group's table) as a
// store, or nothing in particular, has it (a column). What the tests found
// is written to the file that $FAULT_TABLE names, if any, as Markdown, when
// they have all run; the cells of a failed test say so instead.
class FaultCell {
  public:
    FaultCell(const std::string& group, const std::string& fault,
              const std::string& column);

    // What was seen, in a few words: "20 full, 20 resumed afterwards".
    void saw(const std::string& outcome) const;
    const std::string& fault() const;

  private:
    std::size_t index_;
};

// For what cannot be tested in a cell, and why.
void untested_fault(const std::string& group, const std::string& fault,
                    const std::string& column, const std::string& why);

}  // namespace support
