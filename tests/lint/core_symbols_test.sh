#!/usr/bin/env bash
# core_symbols_test.sh compiler: core_symbols.sh finds what it is there to find.
set -eu
compiler=$1
check=$(cd "$(dirname "$0")" && pwd)/core_symbols.sh
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"

# verdict NAME CODE: what core_symbols.sh says of an archive of that code.
verdict() {
    printf '%s\n' "$2" >"$1.c"
    "$compiler" -O1 -fPIC -ffreestanding -c "$1.c" -o "$1.o"
    ar rcs "$1.a" "$1.o"
    if "$check" "$1.a" >"$1.out"; then echo good; else echo bad; fi
}

failed=0
expect() {
    if [ "$2" != "$3" ]; then
        echo "$1: expected $2, was $3"
        failed=1
    fi
}
expect memory good "$(verdict memory '#include <string.h>
void f(char *a, char *b, unsigned long n) { memmove(a, b, n); }')"
expect table good "$(verdict table 'static const char *const names[] = {"a", "b"};
const char *f(int i) { return names[i]; }')"
expect malloc bad "$(verdict malloc '#include <stdlib.h>
void *f(void) { return malloc(8); }')"
expect clock bad "$(verdict clock '#include <time.h>
long f(void) { return time(0); }')"
expect global bad "$(verdict global 'int counter;
int f(void) { return counter++; }')"
expect static bad "$(verdict static 'int f(void) { static int n = 3; return n++; }')"
expect thread bad "$(verdict thread 'int f(void) { static _Thread_local int n; return n++; }')"
[ "$failed" = 0 ] && echo "core_symbols.sh: 7 cases"
exit "$failed"
