# shellcheck shell=bash # sourced by run.sh
# Worker CPU of a resumption, compared with a build of the module that counts
# nothing.

prepare() {
    start_redis
    start_resuming redis uncounted
}

measure() {
    measure_new_workers counted redis uncounted
}
