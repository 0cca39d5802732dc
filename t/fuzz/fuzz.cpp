// What all targets share: libFuzzer's entry points. A failed assertion ends the
// process, so that libFuzzer keeps the input.

#define DOCTEST_CONFIG_IMPLEMENT
#include "fuzz/fuzz.hpp"

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <doctest/doctest.h>

namespace {

void fail(const doctest::AssertData& assertion) {
    std::fprintf(stderr, "%s:%d: %s(%s) is wrong: %s\n", assertion.m_file,
                 assertion.m_line, doctest::assertString(assertion.m_at),
                 assertion.m_expr, assertion.m_decomp.c_str());
    std::abort();
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerInitialize(int* /*argc*/, char*** /*argv*/) {
    static doctest::Context context;
    context.setAsDefaultForAssertsOutOfTestCases();
    context.setAssertHandler(fail);
    std::signal(SIGPIPE, SIG_IGN);
    return 0;
}

// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
    fuzz(Input({reinterpret_cast<const char*>(data), size}));
    return 0;
}
