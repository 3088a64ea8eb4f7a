#!/bin/sh
# Who may include whom: product code -> fi/point.h; fi/ -> fi/; harness/ -> fi/ and harness/;
# tests/ -> both. Prints each #include that goes the other way; exit status 1 if there is one.
set -eu
cd "$(dirname "$0")/.."

# sources FOLDER: C files in it, whatever their language's suffix.
sources()
{
    [ ! -d "$1" ] || find "$1" -type f \( -name '*.[ch]' -o -name '*.cc' -o -name '*.cpp' \
        -o -name '*.hpp' \) | LC_ALL=C sort
}

# A header is ours if it is found from the top of the tree, beside its user, or by its
# installed name. Prints FILE:LINE: #include "NAME", and the folder that it comes from.
arrows()
{
    sources "$1" | while read -r file; do
        grep -nE '^[[:space:]]*#[[:space:]]*include[[:space:]]*["<]' "$file" |
            while IFS= read -r line; do
                name=$(printf '%s\n' "$line" | sed 's/^[^"<]*["<]\([^">]*\)[">].*/\1/')
                case "$name" in
                faulttest.h) target=harness/faulttest.h ;;
                faulttest/point.h) target=fi/point.h ;;
                fi/* | harness/* | tests/* | sample_services/*) target=$name ;;
                *)
                    target=$(dirname "$file")/$name
                    [ -f "$target" ] || continue
                    target=$(realpath --relative-to=. "$target")
                    ;;
                esac
                printf '%s\t%s:%s\n' "$target" "$file" "$line"
            done || true
    done
}

# check FOLDER ALLOWED MESSAGE: ALLOWED is an extended regular expression on the target.
check()
{
    arrows "$1" | grep -vE "^($2)" | cut -f 2- | sed "s|^|$3: |" || true
}

wrong=$(
    check 'fi' 'fi/' 'fi/ may include fi/ only'
    check harness 'fi/|harness/' 'harness/ may include fi/ and harness/ only'
    check sample_services 'fi/point\.h|sample_services/' \
        'a service may include of ours only fi/point.h'
    check tests 'fi/|harness/|sample_services/|tests/' 'unknown folder'
)
[ -z "$wrong" ] || {
    printf '%s\n' "$wrong"
    exit 1
}
