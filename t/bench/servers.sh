# shellcheck shell=bash disable=SC2034,SC2154 # shared with run.sh
# Sourced by run.sh: what is measured. Private stores, and for each variant one
# nginx with one worker, all on loopback, with all files under $work. Sets
# port[variant] and worker[variant]. stop_servers ends what was started.

declare -A port worker master
declare -A maker # the port where sessions are made, if it is a different one
started=()
connections=1024

# Below the ephemeral range, from which the client's own ports come.
free_port() {
    local p
    while :; do
        p=$((10000 + RANDOM % 20000))
        accepts "$p" || break
    done
    echo "$p"
}

start_redis() {
    run_redis redis
    redis_port=$store_port redis_pid=$store_pid
}

# Another one, at $work/healthy.sock.
start_healthy_redis() {
    run_redis healthy
}

# Three masters that share the slots.
start_cluster() {
    local i per=$((16384 / 3 + 1)) last
    cluster_ports=()
    for i in 0 1 2; do
        run_redis "cluster-$i" --cluster-enabled yes --cluster-port \
            "$(free_port)" --cluster-config-file "nodes-$i.conf"
        cluster_ports+=("$store_port")
        last=$(((i + 1) * per - 1))
        redis-cli -p "$store_port" cluster addslotsrange $((i * per)) \
            $((last < 16384 ? last : 16383)) >/dev/null
    done
    for i in 1 2; do
        redis-cli -p "${cluster_ports[$i]}" cluster meet 127.0.0.1 \
            "${cluster_ports[0]}" "$(bus_port "${cluster_ports[0]}")" >/dev/null
    done
    wait_for "the cluster" cluster_agrees
}

bus_port() {
    redis-cli -p "$1" config get cluster-port | tail -n 1
}

cluster_agrees() {
    local port
    for port in "${cluster_ports[@]}"; do
        redis-cli -p "$port" cluster info | grep -q 'cluster_state:ok' &&
            redis-cli -p "$port" cluster info | grep -q 'cluster_size:3' ||
            return 1
    done
}

# run_redis NAME [OPTIONS]
run_redis() {
    store_port=$(free_port)
    taskset -c "$store_cpu" redis-server --save "" --appendonly no \
        --bind 127.0.0.1 --port "$store_port" --dir "$work" \
        --unixsocket "$work/$1.sock" --unixsocketperm 777 "${@:2}" \
        >"$work/$1.log" &
    store_pid=$!
    started+=("$store_pid")
    wait_for Redis accepts "$store_port"
}

start_memcached() {
    memcached_port=$(free_port)
    taskset -c "$store_cpu" memcached -u root -l 127.0.0.1 \
        -p "$memcached_port" -U 0 >"$work/memcached.log" 2>&1 &
    memcached_pid=$!
    started+=("$memcached_pid")
}

# start_delay_proxy MILLISECONDS, for the round trip
start_delay_proxy() {
    delayed_port[$1]=$(free_port)
    taskset -c "$store_cpu" "$programs/delay_proxy" --to "$redis_port" \
        --listen "${delayed_port[$1]}" --delay $(($1 * 500)) &
    started+=($!)
    wait_for "the proxy" accepts "${delayed_port[$1]}"
}

# A soft limit up to the hard one; root may raise that one, too.
raise_file_limit() {
    ulimit -n 70000 2>/dev/null || ulimit -Sn hard
    file_limit=$(ulimit -n)
}

# Only root may, and not in every container.
raise_map_count() {
    map_count=$(sysctl -n vm.max_map_count)
    ((map_count >= $1)) || sysctl -qw "vm.max_map_count=$1" 2>/dev/null || true
}

restore_map_count() {
    (($(sysctl -n vm.max_map_count) == map_count)) ||
        sysctl -qw "vm.max_map_count=$map_count"
}

make_certificate() {
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost \
        -keyout "$work/key.pem" -out "$work/cert.pem" 2>/dev/null
}

make_sealing_key() {
    local file=$work/sealing.key
    [[ -f $file ]] || (umask 077 && openssl rand -out "$file" 80)
    echo "$file"
}

make_ticket_key() {
    local file=$work/ticket.key
    [[ -f $file ]] || (umask 077 && openssl rand -out "$file" 80)
    echo "$file"
}

# redis_says SECTION FIELD
redis_says() {
    redis-cli -p "$redis_port" info "$1" | tr -d '\r' | sed -n "s/^$2://p"
}

# How many commands Redis has had, this one among them.
redis_commands() {
    redis_says stats total_commands_processed
}

# The lines of a server block in which the variants differ. In those that
# are to be suspended nothing ends the wait but the store.
variant_directives() {
    local redis="remote_ssl_session_cache addr=127.0.0.1 port=$redis_port"
    local shared="ssl_session_cache shared:SSL:20m;"
    case $1 in
    shared | shared-*) echo "$shared ssl_session_tickets off;" ;;
    redis | redis-* | uncounted) echo "$redis;" ;;
    sealed) echo "$redis key=$(make_sealing_key);" ;;
    ticket-file) echo "ssl_session_ticket_key $(make_ticket_key);" ;;
    tickets) echo "$redis tickets=shared key=$(make_sealing_key);" ;;
    cluster)
        echo "remote_ssl_session_cache cluster=on" \
            "$(printf 'addr=127.0.0.1:%d ' "${cluster_ports[@]}");"
        ;;
    memcached)
        echo "remote_ssl_session_cache type=memcached" \
            "addr=127.0.0.1:$memcached_port;"
        ;;
    local) echo "$shared $redis;" ;;
    early-any) echo "$redis; ssl_early_data on;" ;;
    early-once) echo "$redis early_data=once; ssl_early_data on;" ;;
    delayed-*)
        echo "remote_ssl_session_cache addr=127.0.0.1" \
            "port=${delayed_port[${1#*-}]};"
        ;;
    waiting) echo "ssl_protocols TLSv1.2; client_header_timeout 10m;" ;;
    suspended)
        echo "ssl_protocols TLSv1.2; client_header_timeout 10m;" \
            "$redis timeout=10m count=unlimited;"
        ;;
    outage) echo "$redis timeout=200;" ;;
    away) echo "remote_ssl_session_cache port=$(free_port);" ;;
    healthy) echo "remote_ssl_session_cache addr=unix:$work/healthy.sock;" ;;
    *) die "unknown variant: $1" ;;
    esac
}

variant_module() {
    case $1 in
    shared | shared-* | waiting | ticket-file) ;;
    uncounted) echo "load_module \"$uncounted_module\";" ;;
    *) echo "load_module \"$module\";" ;;
    esac
}

# nginx_conf VARIANT [VARIANT OF A SECOND SERVER in the same worker]
nginx_conf() {
    cat <<EOF
$(variant_module "$1")
worker_processes 1;
error_log "$work/$1/error.log" notice;
pid "$work/$1/nginx.pid";
events { worker_connections $connections; }
http {
    access_log off;
    client_body_temp_path "$work/$1/body";
    proxy_temp_path "$work/$1/proxy";
    fastcgi_temp_path "$work/$1/fastcgi";
    uwsgi_temp_path "$work/$1/uwsgi";
    scgi_temp_path "$work/$1/scgi";
    ssl_certificate "$work/cert.pem";
    ssl_certificate_key "$work/key.pem";
    ssl_protocols TLSv1.2 TLSv1.3;
$(for variant; do variant_server "$variant"; done)
}
EOF
}

variant_server() {
    cat <<EOF
    server {
        listen 127.0.0.1:${port[$1]} ssl backlog=4096;
        $(variant_directives "$1")
        location / { return 204; }
    }
EOF
}

start_nginx() {
    local variant
    for variant; do
        port[$variant]=$(free_port)
    done
    mkdir -p "$work/$1"
    nginx_conf "$@" >"$work/$1/nginx.conf"
    run_nginx "$1"
}

run_nginx() {
    : >"$work/$1/error.log"
    taskset -c "$server_cpu" nginx -p "$work/$1" -c "$work/$1/nginx.conf" \
        -e "$work/$1/error.log" -g "daemon off;" \
        >"$work/$1/output" 2>&1 &
    master[$1]=$!
    started+=($!)
    wait_for "nginx ($1)" worker_of "$1" $!
    wait_for "a listening nginx ($1)" accepts "${port[$1]}"
}

# A new worker, which holds no memory that another had.
restart_nginx() {
    kill "${master[$1]}"
    wait "${master[$1]}" || true
    run_nginx "$1"
}

# The same, and the store frozen when so many clients of stores have connected.
restart_suspended() {
    kill -CONT "$redis_pid"
    restart_nginx suspended
    wait_for "connection to the store" connected "${1:-1}"
    kill -STOP "$redis_pid"
}

connected() {
    (($(grep -c ': connected' "$work/suspended/error.log") >= $1))
}

accepts() {
    (: <>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

worker_of() {
    worker[$1]=$(pgrep -P "$2")
}

# Neither a listening server nor a connected store announces itself.
wait_for() {
    local what=$1 tries=200
    shift
    until "$@"; do
        ((--tries)) || die "$what does not come up"
        sleep 0.05
    done
}

stop_servers() {
    local pid
    for pid in "${started[@]}"; do
        if kill "$pid" 2>/dev/null; then
            kill -CONT "$pid" || true
        fi
    done
    wait
    started=()
}
