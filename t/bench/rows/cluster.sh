# shellcheck shell=bash # sourced by run.sh
# Worker CPU of a resumption through a Redis Cluster of three masters, compared
# with one Redis.

prepare() {
    start_redis
    start_cluster
    start_resuming redis cluster
}

measure() {
    measure_new_workers cluster redis cluster
}
