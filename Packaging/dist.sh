#!/usr/bin/env bash
# Makes .build/dist/glow-VERSION-linux-ARCHITECTURE.tar.xz: an installation that runs from wherever it is unpacked, on any
# Linux whose glibc and libstdc++ are not older than this machine's.
set -euo pipefail
cd "$(dirname "$0")/.."
name=glow-$(Packaging/version.sh)-linux-$(uname -m)
out=.build/dist
rm -rf "${out:?}/$name" "$out/$name.tar.xz"
mkdir -p "$out"
BUNDLE=1 PREFIX=/"$name" DESTDIR=$PWD/$out Packaging/install.sh
tar -C "$out" --owner=0 --group=0 --sort=name -c "$name" | xz -T0 -3 >"$out/$name.tar.xz"
echo "$out/$name.tar.xz: $(($(stat -c %s "$out/$name.tar.xz") / 1000000)) MB"
