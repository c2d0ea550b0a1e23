#!/usr/bin/env bash
# Lays an installation out below $DESTDIR$PREFIX, from what `make build` made:
#   bin/glow  lib/glow/*.so  share/glow/{Models,*.resources}  share/man  completions  share/doc/glow
#   lib/pkgconfig/glow-torch.pc  lib/glow/link, for Swift packages that use the libraries (docs/from-swift.md)
# The folder may be moved as a whole: the program finds everything from its own place.
#   PREFIX   default /usr/local       DESTDIR   default nothing
#   BUNDLE   1 brings the system's libraries along too, all but those of C and C++, for other machines
set -euo pipefail
cd "$(dirname "$0")/.."

fail() {
  echo "install: $*" >&2
  exit 1
}

PREFIX=${PREFIX:-/usr/local}
PREFIX=${PREFIX/#\~/$HOME}
[[ $PREFIX == /* ]] || fail "PREFIX has to be an absolute path, and $PREFIX is not"
to=${DESTDIR:-}$PREFIX
libtorch=${LIBTORCH_DIR:-$PWD/.libtorch}
built=.build/${CONFIGURATION:-release}
version=$(Packaging/version.sh)
mkdir -p "$to" 2>/dev/null || true
[ -w "$to" ] || fail "nothing can be written to $to: take a PREFIX of your own, such as make install PREFIX=~/.local"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
Packaging/lazy-torch.sh "$work"
strip --strip-all "$work/glow"
strip --strip-unneeded "$work/libglow-torch.so"

lib=$to/lib/glow share=$to/share
rm -rf "$lib" "$share/glow" "$share/doc/glow"
mkdir -p "$to/bin" "$lib" "$share/glow" "$share/doc/glow/licenses"
install -m 755 "$work/glow" "$to/bin/glow"
install -m 644 "$work/libglow-torch.so" "$lib/"

# The libraries: libtorch's and Swift's that something needs, one after the other; the system's where asked for.
swift_libraries=$(swiftc -print-target-info | python3 -c 'import json, sys; print(json.load(sys.stdin)["paths"]["runtimeLibraryPaths"][0])')
system=()
place() {
  local needed from path
  for needed in $(readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'); do
    [ ! -e "$lib/$needed" ] || continue
    case $needed in
      # The last one comes with NVIDIA's driver.
      ld-linux* | libc.so.* | libm.so.* | libdl.so.* | librt.so.* | libpthread.so.* | libstdc++.so.* | libgcc_s.so.* | libcuda.so.*) continue ;;
    esac
    path=
    for from in "$libtorch/lib" "$swift_libraries"; do
      if [ -f "$from/$needed" ]; then path=$from/$needed && break; fi
    done
    if [ -z "$path" ]; then
      [ "${BUNDLE:-}" = 1 ] || continue
      path=$(ldconfig -p | awk -v name="$needed" '$1 == name && !found { print $NF; found = 1 }')
      [ -n "$path" ] || fail "$needed, which $(basename "$1") needs, is not on this machine"
      system+=("$path")
    fi
    install -m 644 "$path" "$lib/$needed"
    # Names for debuggers go: of libtorch, 89 of 434 MB.
    strip --strip-unneeded "$lib/$needed"
    place "$lib/$needed"
  done
}
place "$to/bin/glow"
place "$lib/libglow-torch.so"
# Of a libtorch for NVIDIA GPUs: what it opens by name, too.
if [ -f "$libtorch/lib/libtorch_cuda.so" ]; then
  for file in "$(readlink -f "$libtorch/lib")"/../../nvidia/*/lib/*.so.*; do
    if [ -f "$file" ]; then install -m 644 "$file" "$lib/"; fi
  done
fi

# For Swift packages. Programs look for the library where it was linked; in a folder that is made to be moved, where the system
# looks.
mkdir -p "$lib/link" "$to/lib/pkgconfig"
if [ "${BUNDLE:-}" = 1 ]; then
  ln -s ../libglow-torch.so "$lib/link/libglow-torch.so"
else
  echo "INPUT(\"$PREFIX/lib/glow/libglow-torch.so\")" >"$lib/link/libglow-torch.so"
fi
install -m 644 Sources/CTorch/include/CTorch.h "$lib/link/"
cat >"$to/lib/pkgconfig/glow-torch.pc" <<PC
Name: glow-torch
Description: libtorch for the Swift package swift-glow
Version: $version
Libs: -L\${pcfiledir}/../glow/link -lglow-torch
PC

# What the program reads.
for bundle in Studio WeightLayouts; do cp -R "$built/swift-glow_$bundle.resources" "$share/glow/"; done
cp -R Models "$share/glow/"

# Manual pages and completions, by the program's own word.
Packaging/manpages.py "$to/bin/glow" "$version" "$share/man/man1"
install -d "$share/bash-completion/completions" "$share/zsh/site-functions" "$share/fish/vendor_completions.d"
"$to/bin/glow" --generate-completion-script bash >"$share/bash-completion/completions/glow"
"$to/bin/glow" --generate-completion-script zsh >"$share/zsh/site-functions/_glow"
"$to/bin/glow" --generate-completion-script fish >"$share/fish/vendor_completions.d/glow.fish"

# Licenses of all that is in the folder.
licenses=$share/doc/glow/licenses
cp LICENSE CHANGELOG.md "$share/doc/glow/"
for folder in .build/checkouts/*/; do
  name=$(basename "$folder")
  for file in "$folder"LICENSE* "$folder"NOTICE*; do
    if [ -f "$file" ]; then install -m 644 "$file" "$licenses/$name-$(basename "$file")"; fi
  done
done
install -m 644 "$swift_libraries/../../../share/swift/LICENSE.txt" "$licenses/swift-LICENSE.txt"
for folder in "$(readlink -f "$libtorch/lib")"/../../torch-*.dist-info/licenses; do
  if [ -d "$folder" ]; then mkdir -p "$licenses/libtorch" && cp -R "$folder/." "$licenses/libtorch/"; fi
done
for file in "$libtorch"/LICENSE* "$libtorch"/NOTICE*; do
  if [ -f "$file" ]; then install -D -m 644 "$file" "$licenses/libtorch/$(basename "$file")"; fi
done
[ -d "$licenses/libtorch" ] || echo "install: found no license of the libtorch in $libtorch: add it before you pass the folder on" >&2
for path in "${system[@]}"; do
  file=$(readlink -f "$path")
  # dpkg may know it by its place before /lib was /usr/lib.
  package=$({ dpkg-query -S "$file" "${file#/usr}" 2>/dev/null || true; } | sed -n '1s/:.*//p')
  copyright=/usr/share/doc/$package/copyright
  if [ -n "$package" ] && [ -f "$copyright" ]; then
    install -m 644 "$copyright" "$licenses/$package-copyright"
  else
    echo "install: found no license of $path: add it before you pass the folder on" >&2
  fi
done
chmod -R u+w,go+rX "$lib" "$share/glow" "$share/doc/glow"
echo "glow $version is in $to ($(du -sB 1000000 "$to/bin/glow" "$lib" "$share/glow" "$share/doc/glow" | awk '{ sum += $1 } END { print sum }') MB): $to/bin/glow --help"
