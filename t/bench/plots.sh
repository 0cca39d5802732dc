#!/bin/bash
# The plots of benchmarks.csv, SVG: plots.sh DIRECTORY
set -euo pipefail

dir=$1

# medians KEY: "setting, variant" and the median of each, as gnuplot reads it.
medians() {
    awk -F, -v key="$1" '$1 == key { print $2 "\t" $4 "\t" $5 }' \
        "$dir/benchmarks.csv" | sort -t $'\t' -k1,1 -k2,2 -k3,3g |
        awk -F '\t' '
            function flush() {
                if (n) printf "\"%s, %s\"\t%s\n", at, name, v[int((n + 1) / 2)]
                n = 0
            }
            $1 != at || $2 != name { flush(); at = $1; name = $2 }
            { v[++n] = $3 }
            END { flush() }'
}

# plot KEY TITLE UNIT: a bar for each setting and variant; nothing without data.
plot() {
    local data
    data=$(medians "$1")
    [[ $data ]] || return 0
    gnuplot <<EOF
set terminal svg size 900,480 background "white"
set output "$dir/$1.svg"
set title "$2"
set ylabel "$3"
set yrange [0:*]
set style fill solid 0.7
set boxwidth 0.7
set xtics rotate by -35
set grid ytics
unset key
\$data << END
$data
END
plot \$data using 0:2:xtic(1) with boxes
EOF
}

plot resume-1.2 "Worker CPU of a resumption, TLS 1.2" "us"
plot resume-1.3 "Worker CPU of a resumption, TLS 1.3" "us"
plot full "Worker CPU of a full handshake, and of one resumed" "us"
plot rate-load "Handshakes per second under a saturating load" "1/s"
plot sealed-1.2 "Worker CPU of a resumption, TLS 1.2" "us"
plot sealed-1.3 "Worker CPU of a resumption, TLS 1.3" "us"
plot remote "Handshake with the store so far away, p50" "us"
plot frozen "Full handshakes while 1,000 resumptions/s come in, p99" "us"
plot memory "Resident memory of a handshake that waits" "KiB"
plot suspended "Worker CPU of a resumption, so many suspended" "us"
plot switches "To suspend and resume" "ns"
plot pipeline "Lookups per second on one connection" "1/s"
plot others-cpu "CPU of a TLS 1.2 resumption" "us"
