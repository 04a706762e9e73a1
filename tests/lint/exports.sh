#!/usr/bin/env bash
# exports.sh libweft.so weft.h: the library exports what the header declares, and nothing else.
set -eu -o pipefail
export LC_ALL=C
library=$1
header=$2

exported=$(nm -D --defined-only "$library" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' |
    sort)
declared=$(grep -oE '^(weftResult_t|const char \*) ?\*?weft[A-Z][A-Za-z]*\(' "$header" |
    grep -oE 'weft[A-Z][A-Za-z]*\(' | tr -d '(' | sort)
missing=$(comm -13 <(echo "$exported") <(echo "$declared"))
extra=$(comm -23 <(echo "$exported") <(echo "$declared"))

[ -n "$declared" ] || { echo "found no declaration in $header"; exit 1; }
[ -z "$missing" ] || printf 'declared, not exported: %s\n' "$missing"
[ -z "$extra" ] || printf 'exported, not declared: %s\n' "$extra"
[ -z "$missing$extra" ] || exit 1
echo "exports: $(wc -l <<<"$declared") functions"
