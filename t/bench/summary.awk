# The samples of benchmarks.csv as a Markdown table, row by row as targets.txt
# has them: awk -f summary.awk targets.txt benchmarks.csv

BEGIN {
    print "| # | what | setting | measured | compared with | there |" \
        " compared | target | met |"
    print "|---|---|---|---|---|---|---|---|---|"
}

/^#/ { next }

FILENAME == ARGV[1] {
    target[++target_count] = $0
    next
}

{
    split($0, part, ",")
    if (part[1] == "key")
        next
    key = part[1]
    setting = part[2]
    round = part[3]
    if (!((key, setting) in seen)) {
        seen[key, setting]
        settings[key, ++setting_count[key]] = setting
    }
    if (round > rounds[key])
        rounds[key] = round
    value[key, setting, round, part[4]] = part[5]
}

END {
    for (t = 1; t <= target_count; ++t) {
        split(target[t], part, "|")
        for (s = 1; s <= setting_count[part[1]]; ++s)
            print_row(settings[part[1], s])
    }
}

# part is the target's fields: key, variant, number, what, unit, base, base's
# name, how, bound.
function print_row(setting,    i, at, count, measured, base, compared, result) {
    count = 0
    for (i = 1; i <= rounds[part[1]]; ++i) {
        at = part[1] SUBSEP setting SUBSEP i SUBSEP
        if (!((at part[2]) in value))
            continue
        measured[++count] = value[at part[2]]
        base[count] = value[at part[6]]
        compared[count] = compare(measured[count], base[count])
    }
    if (!count)
        return
    sort(measured, count)
    sort(base, count)
    sort(compared, count)
    result = quantile(compared, count, 0.5)
    printf "| %s | %s | %s | %s %s | %s | %s | %s | %s | %s |\n",
        part[3], part[4], setting, short(quantile(measured, count, 0.5)),
        part[5], part[7],
        part[6] == "" ? "" : short(quantile(base, count, 0.5)) " " part[5],
        part[8] == "" ? "" : spread(compared, count), part[9], met(result)
}

function compare(measured, base) {
    if (part[8] == "ratio")
        return measured / base
    return part[8] == "difference" ? measured - base : measured
}

function met(result,    bound) {
    if (part[9] == "")
        return ""
    split(part[9], bound, " ")
    if (bound[1] == "<=")
        return result <= bound[2] ? "yes" : "no"
    return result >= bound[2] ? "yes" : "no"
}

function spread(values, count,    format) {
    format = part[8] == "ratio" ? "%.3f" : "%.1f"
    return sprintf(format " (" format "-" format ")",
        quantile(values, count, 0.5), quantile(values, count, 0.25),
        quantile(values, count, 0.75))
}

function short(number) {
    return sprintf(number < 1000 ? "%.1f" : "%.0f", number)
}

function quantile(values, count, q,    position, below) {
    position = 1 + (count - 1) * q
    below = int(position)
    if (below == count)
        return values[count]
    return values[below] + \
        (position - below) * (values[below + 1] - values[below])
}

function sort(values, count,    i, j, swapped) {
    for (i = 2; i <= count; ++i) {
        swapped = values[i]
        for (j = i - 1; j >= 1 && values[j] + 0 > swapped + 0; --j)
            values[j + 1] = values[j]
        values[j + 1] = swapped
    }
}
