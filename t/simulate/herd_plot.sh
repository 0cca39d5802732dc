#!/bin/bash
# herd_plot.sh CSV SVG: draws when the workers of a herd come back, from what
# the herd's tests write to the file that HERD_CSV names (docs/herd.md).
set -euo pipefail

csv=$1 svg=$2

# NAME of each herd, and FILE with its lines, as gnuplot plots them.
curves() {
    local name file sep=
    while IFS= read -r name; do
        file=$(mktemp -p "$work")
        awk -F '"' -v name="$name" '$2 == name { print substr($3, 2) }' \
            "$csv" > "$file"
        echo "$sep \"$file\" using (\$1 / 10 + 0.05):2 with linespoints" \
            "title \"$name\""
        sep=,
    done < <(cut -d '"' -f 2 "$csv" | awk '!seen[$0]++')
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
gnuplot << END
set terminal svg size 900,420 background "white"
set output "$svg"
set datafile separator comma
set title "5,000 workers that lose their server at 0 s"
set xlabel "seconds"
set ylabel "connections in a tenth of a second"
set xrange [0:3]
set grid ytics
set key top right
plot $(curves | tr -d "\n")
END
