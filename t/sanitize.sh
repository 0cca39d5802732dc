# shellcheck shell=bash
# Sourced by build.sh: SANITIZE=1 in the environment. Builds for a memory
# checker have a directory of their own.

if [[ ${SANITIZE-0} != 0 ]]; then
    out=build/sanitize
    options="-fsanitize=address,undefined -fno-sanitize-recover=undefined"
    options+=" -fno-omit-frame-pointer -U_FORTIFY_SOURCE"
    # GCC takes twice as long to optimize instrumented code.
    export CXXFLAGS="-O0 -g"
    # Programs that are not built with the checker load this first.
    SANITIZER_RUNTIME=$("${CXX:-g++}" -print-file-name=libasan.so)
    export SANITIZER_RUNTIME
    # Then each coroutine has a fake stack of eleven times 2^16 bytes.
    export ASAN_OPTIONS=detect_stack_use_after_return=1
    export ASAN_OPTIONS+=:max_uar_stack_size_log=16
    export UBSAN_OPTIONS=print_stacktrace=1
fi
