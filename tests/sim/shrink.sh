#!/usr/bin/env bash
# The whole way of a failure: a planted bug, the seed that finds it, the schedule that is left of
# it. The schedule must be small, fail the same oracle with the bug, and pass without it.
#
#     shrink.sh PROGRAM PROGRAM_WITH_BUGS
set -eu

bug=refusal-not-retried
lines_max=8
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

if "$2" --mutant "$bug" --seeds 2000 >/dev/null 2>"$folder/found"; then
    echo "$bug is not found"
    exit 1
fi
# Its line is the interface: seed and oracle are words 4 and 6.
read -r _ _ _ seed _ oracle _ < <(grep -a '^weft-sim: FAILED' "$folder/found")
oracle=${oracle%:}
echo "$bug: seed $seed, oracle $oracle"
"$2" --mutant "$bug" --seed "$seed" --shrink --output "$folder/shrunk"
lines=$(wc -l <"$folder/shrunk")
if [ "$lines" -gt "$lines_max" ]; then
    echo "the schedule has $lines lines, $lines_max at most are expected"
    exit 1
fi
if "$2" --mutant "$bug" --schedule "$folder/shrunk" >/dev/null 2>"$folder/again"; then
    echo "the shrunk schedule does not fail"
    exit 1
fi
grep -aq "^weft-sim: FAILED seed $seed oracle $oracle:" "$folder/again"
"$1" --schedule "$folder/shrunk"
