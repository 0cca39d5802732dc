# The rounds of resumption.csv as a Markdown table.

BEGIN {
    FS = ","
    print "| protocol | clients | variant | worker CPU, us a handshake |" \
        " ratio to shared |"
    print "|---|---|---|---|---|"
}

NR == 1 { next }

{
    row = $1 FS $2 FS $4
    if (!(row in rounds))
        rows[++row_count] = row
    ++rounds[row]
    cost[row, $3] = $8 / $5 / 1000
}

END {
    for (r = 1; r <= row_count; ++r)
        print_row(rows[r])
}

function print_row(row,    part, base, i, costs, ratios) {
    split(row, part, FS)
    base = part[1] FS part[2] FS "shared"
    for (i = 1; i <= rounds[row]; ++i) {
        costs[i] = cost[row, i]
        ratios[i] = cost[row, i] / cost[base, i]
    }
    printf "| TLS %s | %s | %s | %s | %s |\n", part[1], part[2], part[3],
        spread(costs, rounds[row], "%.1f"),
        row == base ? "" : spread(ratios, rounds[row], "%.3f")
}

function spread(values, count, format) {
    sort(values, count)
    return sprintf(format " (" format "-" format ")",
        quantile(values, count, 0.5), quantile(values, count, 0.25),
        quantile(values, count, 0.75))
}

function quantile(values, count, q,    position, below) {
    position = 1 + (count - 1) * q
    below = int(position)
    if (below == count)
        return values[count]
    return values[below] + \
        (position - below) * (values[below + 1] - values[below])
}

function sort(values, count,    i, j, value) {
    for (i = 2; i <= count; ++i) {
        value = values[i]
        for (j = i - 1; j >= 1 && values[j] > value; --j)
            values[j + 1] = values[j]
        values[j + 1] = value
    }
}
