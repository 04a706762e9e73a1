#!/usr/bin/env bash
# Runs seeds that no earlier version was run with: they begin at a number made of the commit, so
# that a version's result does not change from day to day; without git, of the date. A failure
# prints the seed.
#
#     fresh.sh PROGRAM SEEDS
set -eu

commit=$(git -C "$(dirname "$0")" rev-parse --short=8 HEAD 2>/dev/null) || commit=
if [ -n "$commit" ]; then
    from=$((16#${commit:0:8} * 10000))
    why="of commit $commit"
else
    from=$(($(date +%Y%m%d) * 10000))
    why="of today"
fi
echo "fresh seeds $why; again: weft-sim --from $from --seeds $2"
exec "$1" --from "$from" --seeds "$2"
