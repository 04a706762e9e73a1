#!/usr/bin/env bash
# install.sh build-folder source-folder compiler multiarch: installs into a new folder, moves that
# elsewhere, then builds and runs examples/put.c by pkg-config and by find_package against it, and
# runs the tools on an emulated machine, also with the libraries in lib/<multiarch> if it is given.
set -eu -o pipefail
build=$1 source=$2 compiler=$3 multiarch=$4
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
export WEFT_EMULATE=hgx-h100

say() { printf '%s\n' "-- $*"; }

say "install"
cmake --install "$build" --prefix "$place/first" >/dev/null
mv "$place/first" "$place/prefix"
prefix=$place/prefix
libraries=$(dirname "$(find "$prefix" -name libweft.so)")
(cd "$prefix" && find . -not -type d | sort)

say "the header alone, as C11 and as C++"
echo '#include <weft.h>' >"$place/alone.c"
"$compiler" -std=c11 -Wall -Wextra -Wpedantic -Werror -fsyntax-only -I "$prefix/include" \
    "$place/alone.c"
cxx=
for candidate in "$compiler" clang; do
    if echo 'int main() { return 0; }' | "$candidate" -x c++ -fsyntax-only - 2>/dev/null; then
        cxx=$candidate
        break
    fi
done
if [ -n "$cxx" ]; then
    "$cxx" -x c++ -std=c++11 -Wall -Wextra -Werror -fsyntax-only -I "$prefix/include" \
        "$place/alone.c"
else
    say "  no C++ compiler here: that half is left out"
fi

say "pkg-config"
export PKG_CONFIG_PATH=$libraries/pkgconfig
read -ra flags <<<"$(pkg-config --cflags --libs weft)"
"$compiler" -std=c11 "$source/examples/put.c" "${flags[@]}" -o "$place/put"
LD_LIBRARY_PATH=$libraries "$place/put"

say "find_package"
cmake -G Ninja -S "$source/tests/install/user" -B "$place/user" \
    -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_C_COMPILER="$compiler" \
    -DPUT_SOURCE="$source/examples/put.c" >/dev/null
cmake --build "$place/user" >/dev/null
"$place/user/put"

say "the tools start"
for tool in "$prefix"/bin/*; do
    [ -x "$tool" ] || continue
    "$tool" --help >/dev/null
    say "  $(basename "$tool")"
done

# The emulated driver is what an emulated machine cannot do without.
tools_emulate() {
    "$1/bin/weft-info" --node hgx-h100 >"$place/info"
    grep -q 'cuda *8 ports' "$place/info" || { cat "$place/info"; exit 1; }
    (cd / && unset WEFT_EMULATE && PATH=$1/bin:$PATH weft-info --node hgx-h100 >/dev/null)
    "$1/bin/weft-topo" --node hgx-h100 >/dev/null
    "$1/bin/weft-topo" >/dev/null
}

say "the tools emulate a machine"
[ -e "$libraries/libweft-cuda-emu.so" ]
tools_emulate "$prefix"
if [ -n "$multiarch" ] && [ "$libraries" = "$prefix/lib" ]; then
    say "  and with the libraries in lib/$multiarch"
    mv "$prefix/lib" "$place/lib"
    mkdir "$prefix/lib"
    mv "$place/lib" "$prefix/lib/$multiarch"
    tools_emulate "$prefix"
    LD_LIBRARY_PATH=$prefix/lib/$multiarch "$place/put"
fi

say "without the emulated driver they say where it should lie"
find "$prefix" -name libweft-cuda-emu.so -delete
if "$prefix/bin/weft-info" --node hgx-h100 >"$place/info" 2>&1; then
    cat "$place/info"
    exit 1
fi
grep -q 'libweft-cuda-emu.so lies neither' "$place/info" || { cat "$place/info"; exit 1; }
