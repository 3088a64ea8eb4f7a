#!/bin/sh
# What a machine can see of the house style: lines of at most 100 columns, no tabs, functions of
# at most 70 lines, files of at most 600, no reminders left behind. Exit status 1 on a breach.
set -eu
cd "$(dirname "$0")/.."

columns=100 function_lines=70 file_lines=600
export LC_ALL=C.UTF-8

c_files=$(find 'fi' harness sample_services tests -name '*.[ch]' 2>/dev/null | LC_ALL=C sort)
scripts=$(find ci tests -name '*.sh' 2>/dev/null | LC_ALL=C sort)

# shellcheck disable=SC2086  # lists of files without blanks
text_breaches()
{
    awk -v columns="$columns" -v most="$file_lines" '
        FNR == 1 && last { end(last, count) }
        { last = FILENAME; count = FNR }
        length($0) > columns { print FILENAME ":" FNR ": " length($0) " columns" }
        /\t/ && FILENAME ~ /\.[ch]$/ { print FILENAME ":" FNR ": a tab" }
        /[ \t]$/ { print FILENAME ":" FNR ": blanks at the end of the line" }
        /(^|[^A-Za-z])(TO[D]O|FIXM[E]|XX[X])($|[^A-Za-z])/ { print FILENAME ":" FNR ": a reminder" }
        function end(file, lines) {
            if (lines > most && file ~ /\.[ch]$/) print file ": " lines " lines"
        }
        END { if (last) end(last, count) }' $c_files $scripts
}

# shellcheck disable=SC2086
long_functions()
{
    command -v ctags >/dev/null || return 0
    ctags --version 2>/dev/null | grep -q Universal || return 0
    [ -n "$c_files" ] || return 0
    ctags -x --c-kinds=f --fields=+ne --_xformat='%F %n %e %N' $c_files |
        awk -v most="$function_lines" '$3 - $2 + 1 > most {
            print $1 ":" $2 ": function " $4 " has " $3 - $2 + 1 " lines"
        }'
}

breaches=$(
    [ -z "$c_files$scripts" ] || text_breaches
    long_functions
)
[ -z "$breaches" ] || {
    printf '%s\n' "$breaches"
    exit 1
}
