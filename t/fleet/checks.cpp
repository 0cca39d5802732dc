#include "fleet/checks.hpp"

#include <algorithm>
#include <cstdio>
#include <doctest/doctest.h>
#include <mutex>
#include <utility>

namespace fleet {

namespace {

std::mutex complaints_mutex;
std::string all_complaints;

void complain(const doctest::AssertData& data) {
    const std::lock_guard lock(complaints_mutex);
    all_complaints += std::string(data.m_file) + ":" +
                      std::to_string(data.m_line) + ": " + data.m_expr + "\n" +
                      data.m_decomp.c_str() + "\n";
}

}  // namespace

void collect_complaints() {
    static doctest::Context context;
    context.setAsDefaultForAssertsOutOfTestCases();
    context.setAssertHandler(complain);
}

std::string complaints() {
    const std::lock_guard lock(complaints_mutex);
    return all_complaints;
}

void Checks::add(std::string what, bool holds, std::string why) {
    all_.push_back({std::move(what), holds, std::move(why)});
}

std::size_t Checks::failed() const {
    return static_cast<std::size_t>(std::count_if(
        all_.begin(), all_.end(), [](const Check& c) { return !c.holds; }));
}

void Checks::print() const {
    std::puts("");
    for (const auto& check : all_) {
        std::printf("%s  %s%s%s\n", check.holds ? "holds " : "FAILED",
                    check.what.c_str(), check.why.empty() ? "" : ": ",
                    check.why.c_str());
    }
}

std::string Checks::summary() const {
    return std::to_string(all_.size() - failed()) + " passed, " +
           std::to_string(failed()) + " failed";
}

}  // namespace fleet
