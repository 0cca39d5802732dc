#include "support/fault_table.hpp"

#include <algorithm>
#include <cstdlib>
#include <doctest/doctest.h>
#include <fstream>
#include <vector>

namespace support {

namespace {

struct Cell {
    std::string group;
    std::string fault;
    std::string column;
    std::string outcome;
};

std::vector<Cell>& cells() {
    static std::vector<Cell> all;
    return all;
}

using Names = std::vector<std::string>;

// In the order in which they were added.
void add(Names& names, const std::string& name) {
    if (std::find(names.begin(), names.end(), name) == names.end()) {
        names.push_back(name);
    }
}

Names distinct(const std::string& group, std::string Cell::*member) {
    Names names;
    for (const Cell& cell : cells()) {
        if (cell.group == group) {
            add(names, cell.*member);
        }
    }
    return names;
}

// A fault may have been tried in several ways.
std::string outcome(const std::string& group, const std::string& fault,
                    const std::string& column) {
    std::string all;
    for (const Cell& cell : cells()) {
        if (cell.group == group && cell.fault == fault &&
            cell.column == column) {
            all += (all.empty() ? "" : "; ") + cell.outcome;
        }
    }
    return all.empty() ? "not applicable" : all;
}

void write_group(std::ostream& out, const std::string& group) {
    const Names columns = distinct(group, &Cell::column);
    std::string rule = "|---|";
    out << "\n## " << group << "\n\n| fault |";
    for (const auto& column : columns) {
        out << ' ' << column << " |";
        rule += "---|";
    }
    out << '\n' << rule << '\n';
    for (const auto& fault : distinct(group, &Cell::fault)) {
        out << "| " << fault << " |";
        for (const auto& column : columns) {
            out << ' ' << outcome(group, fault, column) << " |";
        }
        out << '\n';
    }
}

void write_table(const std::string& file) {
    std::ofstream out(file);
    out << "# What faults came to\n";
    Names groups;
    for (const Cell& cell : cells()) {
        add(groups, cell.group);
    }
    for (const auto& group : groups) {
        write_group(out, group);
    }
}

// Knows which cells belong to the running test.
class Listener : public doctest::IReporter {
  public:
    explicit Listener(const doctest::ContextOptions&) {}

    void test_case_start(const doctest::TestCaseData&) override {
        first_ = cells().size();
    }
    void test_case_end(const doctest::CurrentTestCaseStats& stats) override {
        for (auto i = first_; i < cells().size() && !stats.testCaseSuccess;
             ++i) {
            cells()[i].outcome = "**failed**";
        }
    }
    void test_run_end(const doctest::TestRunStats&) override {
        if (const char* file = std::getenv("FAULT_TABLE"); file != nullptr) {
            write_table(file);
        }
    }

    void report_query(const doctest::QueryData&) override {}
    void test_run_start() override {}
    void test_case_reenter(const doctest::TestCaseData&) override {}
    void test_case_exception(const doctest::TestCaseException&) override {}
    void subcase_start(const doctest::SubcaseSignature&) override {}
    void subcase_end() override {}
    void log_assert(const doctest::AssertData&) override {}
    void log_message(const doctest::MessageData&) override {}
    void test_case_skipped(const doctest::TestCaseData&) override {}

  private:
    std::size_t first_ = 0;
};

REGISTER_LISTENER("fault table", 1, Listener);

}  // namespace

FaultCell::FaultCell(const std::string& group, const std::string& fault,
                     const std::string& column)
    : index_(cells().size()) {
    cells().push_back({group, fault, column, "ended early"});
}

void FaultCell::saw(const std::string& outcome) const {
    cells()[index_].outcome = outcome;
}

const std::string& FaultCell::fault() const {
    return cells()[index_].fault;
}

void untested_fault(const std::string& group, const std::string& fault,
                    const std::string& column, const std::string& why) {
    cells().push_back({group, fault, column, "not tested: " + why});
}

}  // namespace support
