#pragma once

#include <string>

namespace support {

// One cell of the fault matrix: the row is a fault in its group's table, and
// the column is a store, or nothing in particular. When all tests have run, the
// results are written as Markdown to the file that $FAULT_TABLE names, if any.
// The cells of a failed test say that it failed.
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

// For a cell that cannot be tested, with the reason.
void untested_fault(const std::string& group, const std::string& fault,
                    const std::string& column, const std::string& why);

}  // namespace support
