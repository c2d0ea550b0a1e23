#!/usr/bin/env bash
# That the codec's arithmetic is the same whatever compiles and runs it: arithmetic.cpp must print one hash, by every kernel, without
# and with optimization, for the oldest x86-64, and for aarch64 under qemu where --aarch64 asks for it.
set -euo pipefail
cd "$(dirname "$0")/../.."
. Scripts/packages.sh

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
sources=(Tests/CodecChecks/arithmetic.cpp Sources/CCodec/*.cpp)
flags=(-std=c++17 -ISources/CCodec/include)

# build NAME COMPILER FLAGS...
build() { "$2" "${flags[@]}" "${@:3}" "${sources[@]}" -o "$folder/$1"; }

build unoptimized clang++ -O0
build optimized clang++ -O3
build native clang++ -O3 -march=native
build baseline clang++ -O3 -march=x86-64
runs=(unoptimized optimized native baseline)
run() { "$folder/$1" | sed "s/$/ ($1)/"; }
if [ "${1:-}" = --aarch64 ]; then
  need_packages g++-aarch64-linux-gnu qemu-user-static
  build aarch64 clang++ -O3 --target=aarch64-linux-gnu -static -fuse-ld=lld
fi

for name in "${runs[@]}"; do run "$name"; done | tee "$folder/said"
if [ -e "$folder/aarch64" ]; then
  qemu-aarch64-static "$folder/aarch64" | sed 's/$/ (aarch64)/' | tee -a "$folder/said"
fi
if [ "$(cut -d ' ' -f 1 "$folder/said" | sort -u | wc -l)" -ne 1 ]; then
  echo "check_arithmetic: the hashes differ" >&2
  exit 1
fi
