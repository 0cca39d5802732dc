# shellcheck shell=bash disable=SC2154 # shared with run.sh
# Sourced by rows/others.sh: servers that are compared with nginx. Each sets
# port[variant], master[variant] and worker[variant], like start_nginx.

start_h2o_nodes() {
    start_h2o h2o-maker
    wait_for "the other h2o" accepts "${port[h2o-maker]}"
    maker[$1]=${port[h2o-maker]}
    start_h2o "$1"
}

start_h2o() {
    mkdir -p "$work/$1"
    port[$1]=$(free_port)
    cat >"$work/$1/h2o.conf" <<EOF
num-threads: 1
pid-file: $work/$1/h2o.pid
error-log: $work/$1/error.log
$( ((EUID)) || echo "user: root")
listen:
  host: 127.0.0.1
  port: ${port[$1]}
  ssl:
    certificate-file: $work/cert.pem
    key-file: $work/key.pem
    minimum-version: TLSv1.2
ssl-session-resumption:
  mode: cache
  cache-store: memcached
  memcached:
    host: 127.0.0.1
    port: $memcached_port
hosts:
  default:
    paths:
      /:
        file.dir: $work/$1
EOF
    run_other "$1" h2o -m worker -c "$work/$1/h2o.conf"
}

# start_apache VARIANT SESSION-CACHE
start_apache() {
    mkdir -p "$work/$1"
    port[$1]=$(free_port)
    cat >"$work/$1/apache.conf" <<EOF
ServerName localhost
ServerRoot $work/$1
DefaultRuntimeDir $work/$1
PidFile apache.pid
ErrorLog error.log
Mutex pthread
$(apache_modules mpm_event authz_core ssl "socache_${2%%:*}")
StartServers 1
ServerLimit 1
Listen 127.0.0.1:${port[$1]}
$( ((EUID)) || printf '%s\n' "User www-data" "Group www-data")
SSLEngine on
SSLCertificateFile $work/cert.pem
SSLCertificateKeyFile $work/key.pem
SSLSessionCache $2
SSLSessionTickets off
EOF
    run_other "$1" apache2 -d "$work/$1" -f "$work/$1/apache.conf" -DFOREGROUND
}

apache_modules() {
    local name
    for name; do
        echo "LoadModule ${name}_module /usr/lib/apache2/modules/mod_$name.so"
    done
}

run_other() {
    taskset -c "$server_cpu" "${@:2}" >"$work/$1/output" 2>&1 &
    master[$1]=$!
    started+=($!)
    # All that it forks belongs to it; the first run needs but one.
    worker[$1]=$!
}

# A process and its descendants, separated by commas.
family() {
    local child pids=$1
    for child in $(pgrep -P "$1"); do
        pids+=,$(family "$child")
    done
    echo "$pids"
}
