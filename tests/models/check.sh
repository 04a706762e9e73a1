#!/usr/bin/env bash
# check.sh COMPILER MODEL FOLDER [BUG]: searches all states of a model with spin, in FOLDER.
#
# Without BUG nothing may be found: no promise broken and no state in which somebody waits forever
# (first search), and no way to go on forever without an end (second search, with -DSMALL: it takes
# several times as long). With BUG, which a row of the model's head names, spin must find the
# promise of that row broken. `ends` is the promise that nobody waits forever and `stops` that
# nothing goes on forever; the others are the model's own. A broken promise is looked for breadth
# first, so that what is found is the shortest way there. 77 without spin.
set -u
compiler=$1
model=$2
folder=$3
bug=${4:-}
name=$(basename "$model" .pml)

memory_mib_max=900
depth_max=10000
seconds_max=240

if ! command -v spin >/dev/null; then
    echo "skipped: there is no spin here (Debian's package is called spin)"
    exit 77
fi
mkdir -p "$folder" && cd "$folder" || exit 1

fail() {
    echo "$name${bug:+ with $bug}: $1"
    [ ! -f report ] || sed 's/^/    /' report
    exit 1
}

# search KIND PAN-OPTIONS: leaves what spin found in the file report. KIND is a row of this:
declare -A model_options=([states]="" [shortest]="" [cycles]="-DSMALL")
declare -A search_options=([states]="-DSAFETY" [shortest]="-DSAFETY -DBFS" [cycles]="-DNP")
search() {
    local kind=$1
    shift
    rm -f pan pan.* report ./*.trail
    # shellcheck disable=SC2086 # the row's words are the options
    spin -P"$compiler -E -x c" ${bug:+"-D$bug"} ${model_options[$kind]} -a "$model" >report 2>&1 ||
        fail "spin does not take the model"
    # What spin writes is not free of warnings.
    # shellcheck disable=SC2086
    "$compiler" -w -O1 -DMEMLIM=$memory_mib_max ${search_options[$kind]} -o pan pan.c \
        >report 2>&1 || fail "the search does not compile"
    timeout $seconds_max ./pan "-m$depth_max" -w22 "$@" >report 2>&1 ||
        fail "the search was ended after $seconds_max s, or died"
}

figure() {
    sed -nE "s/^ *([0-9.e+]+)[[:space:]]$1.*/\1/p" report | head -n 1
}

# Nothing was found, and all was looked at.
must_be_clean() {
    grep -q 'errors: 0$' report || fail "an error"
    grep -q '^Full statespace search' report || fail "not a full search"
    ! grep -qE 'Search not completed|depth too small|MEMLIM|out of memory' report ||
        fail "the search was not completed"
    echo "$name: $1: $(figure 'states, stored') states, $(figure transitions) transitions," \
        "$(figure 'total actual memory usage') MiB"
}

if [ -z "$bug" ]; then
    search states
    must_be_clean "no promise broken, nobody waits forever"
    search cycles -l
    must_be_clean "no way to go on forever"
    exit 0
fi

promise=$(sed -nE "s/^ \*   -D$bug +([a-z_]+) .*/\1/p" "$model")
[ -n "$promise" ] || fail "the model's head names no such bug"
if [ "$promise" = stops ]; then
    search cycles -l
else
    search shortest
fi
found=$(grep -m 1 '^pan:1:' report) || fail "spin finds nothing wrong, but $promise is broken"
case $promise:$found in
"ends:pan:1: invalid end state "*) ;;
"stops:pan:1: non-progress cycle "*) ;;
"$promise:pan:1: assertion violated $promise "*) ;;
*) fail "another promise is broken than $promise" ;;
esac
echo "$name with $bug: $promise is broken, as it must be: ${found#pan:1: }," \
    "$(figure 'states, stored') states"
