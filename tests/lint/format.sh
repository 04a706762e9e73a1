#!/usr/bin/env bash
# format.sh: every C file is as clang-format 14 lays it out. Other versions differ in small things,
# so without that one the check is skipped (77).
set -eu
formatter=
for name in clang-format-14 clang-format; do
    if command -v "$name" >/dev/null && "$name" --version | grep -q 'version 14\.'; then
        formatter=$name
        break
    fi
done
if [ -z "$formatter" ]; then
    echo "skipped: there is no clang-format 14 here"
    exit 77
fi
finds=$(find include src transports plugins tools perf examples tests \
    -name '*.[ch]' -not -path '*/data/*' -print0 |
    xargs -0 "$formatter" --dry-run 2>&1 | grep -oE '^[^ ]+:[0-9]+:' | sort -u || true)
if [ -n "$finds" ]; then
    # shellcheck disable=SC2001
    sed 's/$/ format: not as clang-format lays it out (clang-format -i does)/' <<<"$finds"
    exit 1
fi
echo "format: clean"
