# shellcheck shell=bash # sourced by run.sh
# Worker CPU of a resumption whose session is sealed, compared with one whose
# session is not.

prepare() {
    start_redis
    start_resuming redis sealed
}

measure() {
    measure_new_workers sealed redis sealed
}
