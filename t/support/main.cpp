#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include "support/test_process.hpp"

int main(int argc, char** argv) {
    support::prepare_process();
    return doctest::Context(argc, argv).run();
}
