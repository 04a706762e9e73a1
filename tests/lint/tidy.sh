#!/usr/bin/env bash
# tidy.sh build-folder: clang-tidy 14 with the checks of .clang-tidy over the library's sources. One
# line per file, so that one sees it move; a file's finds stand under its line. Other versions have
# other checks under the same names: without that one the check is skipped (77).
set -eu -o pipefail
build=$1
tidy=
for name in clang-tidy-14 clang-tidy; do
    if command -v "$name" >/dev/null && "$name" --version | grep -q 'version 14\.'; then
        tidy=$name
        break
    fi
done
if [ -z "$tidy" ]; then
    echo "skipped: there is no clang-tidy 14 here"
    exit 77
fi

# one TIDY BUILD FILE
one() {
    local finds
    if finds=$("$1" --quiet -p "$2" "$3" 2>/dev/null); then
        echo "tidy $3"
    else
        printf 'tidy %s\n%s\n' "$3" "$finds"
        return 1
    fi
}
export -f one
# shellcheck disable=SC2016 # bash -c expands them
find src transports -name '*.c' -print0 | sort -z |
    xargs -0 -n 1 -P 2 bash -c 'one "$0" "$1" "$2"' "$tidy" "$build"
