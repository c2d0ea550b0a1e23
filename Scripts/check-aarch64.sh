#!/usr/bin/env bash
# Compiles every C and C++ file of the program for 64-bit ARM: Swift's clang, with the headers of Debian's cross compiler.
# libtorch's headers are those of .libtorch, or LIBTORCH_DIR. Of torch 2.13.0, 9,422 of the 9,425 headers that both wheels
# have are the same for ARM; sleef.h, ATen/Config.h and caffe2/core/macros.h differ. Nothing is linked.
set -euo pipefail
cd "$(dirname "$0")/.."
. Scripts/packages.sh
need_packages g++-aarch64-linux-gnu

libtorch=${LIBTORCH_DIR:-$PWD/.libtorch}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Headers of the picture libraries, apart from those of this machine's C library.
mkdir "$work/include"
for header in png.h pngconf.h pnglibconf.h jpeglib.h jmorecfg.h jerror.h jconfig.h zlib.h zconf.h webp jxl; do
  for folder in /usr/include "/usr/include/$(gcc -print-multiarch)"; do
    if [ -e "$folder/$header" ]; then ln -sf "$folder/$header" "$work/include/$header"; fi
  done
done

export work libtorch
compile() {
  local source=$1 flags=(--target=aarch64-linux-gnu -fsyntax-only -w -I"$work/include") module
  module=$(cut -d/ -f1-2 <<<"$source")
  flags+=(-I"$module/include" -I"$module")
  case $source in
    *.cpp) flags+=(-std=c++17) ;;
  esac
  if [ "$module" = Sources/CTorch ]; then
    flags+=(-isystem "$libtorch/include" -isystem "$libtorch/include/torch/csrc/api/include" -DUSE_DISTRIBUTED -DUSE_C10D_GLOO)
    for folder in Bridge Kernels Kernels/Conditioner Distributed/gloo_names; do flags+=(-I"$module/$folder"); done
  fi
  case $source in
    *.cpp) clang++ "${flags[@]}" "$source" ;;
    *) clang "${flags[@]}" "$source" ;;
  esac || { echo "$source does not compile for aarch64" >&2; return 1; }
}
export -f compile
start=$SECONDS
find Sources -name '*.c' -o -name '*.cpp' | sort >"$work/sources"
# shellcheck disable=SC2016
xargs -P "$(nproc)" -I {} bash -c 'compile "$1"' bash {} <"$work/sources"
echo "aarch64: $(wc -l <"$work/sources") C and C++ files compile, in $((SECONDS - start)) s"
