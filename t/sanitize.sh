# shellcheck shell=bash
# Sourced by build.sh: SANITIZE=1 in the environment. A build for a memory
# checker never mixes with the others.

if [[ ${SANITIZE-0} != 0 ]]; then
    out=build/sanitize
    options="-fsanitize=address,undefined -fno-sanitize-recover=undefined"
    options+=" -fno-omit-frame-pointer -U_FORTIFY_SOURCE"
    # GCC takes twice as long to optimize what it has instrumented.
    export CXXFLAGS="-O0 -g"
    # Programs that are not built with it load this first.
    SANITIZER_RUNTIME=$("${CXX:-g++}" -print-file-name=libasan.so)
    export SANITIZER_RUNTIME
    # Each coroutine has a fake stack of eleven times 2^16 bytes then.
    export ASAN_OPTIONS=detect_stack_use_after_return=1
    export ASAN_OPTIONS+=:max_uar_stack_size_log=16
    export UBSAN_OPTIONS=print_stacktrace=1
fi
