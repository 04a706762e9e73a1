#!/usr/bin/env bash
# core_symbols.sh libweft_core.a: the core needs nothing but four memory functions and the assert,
# and has no variables. So it does no I/O, reads no clock, allocates nothing, and two engines share
# no state.
set -eu -o pipefail
export LC_ALL=C
archive=$1

allowed='memcpy|memmove|memset|memcmp|weft_assert_failed'
# What compilers add by themselves: stack protector, fortified copies, position independence.
allowed="$allowed|__stack_chk_fail|__mem(cpy|move|set)_chk|_GLOBAL_OFFSET_TABLE_"

symbols=$(nm -A "$archive")
# `nm -A` prints "archive:member.o:value kind name"; an undefined symbol has no value.
offenders=$(awk '
    $(NF - 1) == "U" { split($1, place, ":"); wanted[$NF] = wanted[$NF] " " place[2] }
    $(NF - 1) ~ /^[A-TV-Z]$/ { have[$NF] = 1 }
    END { for (name in wanted) if (!(name in have)) print name ":" wanted[name] }
' <<<"$symbols" | { grep -vE "^($allowed):" || true; } | sort)

# Constant tables that hold addresses are .data.rel.ro, which nobody can write.
variables=$(objdump -h "$archive" | awk '
    /file format/ { member = $1 }
    $2 ~ /^\.(t?data|t?bss)(\.|$)/ && $2 !~ /^\.data\.rel\.ro/ && $3 !~ /^0+$/ {
        print member " " $2 " holds 0x" $3 " bytes" }')

[ -z "$offenders" ] || printf 'the core may not use: %s\n' "$offenders"
[ -z "$variables" ] || printf 'the core may have no variables: %s\n' "$variables"
[ -z "$offenders$variables" ] || exit 1
echo "core symbols: nothing outside, no variables"
