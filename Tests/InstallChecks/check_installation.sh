#!/usr/bin/env bash
# Installs into a folder of its own, and uses the program there as a new user would: through PATH and a link, from another working
# folder, moved, without its files, and (as root) where neither the clone nor Swift's folder is to be seen.
set -euo pipefail
cd "$(dirname "$0")/../.."
root=$PWD

fail() {
  echo "check_installation: $*" >&2
  exit 1
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
version=$(Packaging/version.sh)
PREFIX=/first DESTDIR=$work Packaging/install.sh
mv "$work/first" "$work/glow"
program=$work/glow/bin/glow

echo "Starting: libtorch is loaded by what computes alone"
starts=$(readelf -d "$program" | grep -c 'NEEDED.*torch' || true)
[ "$starts" = 0 ] || fail "the program needs libtorch to start"
paths=$(readelf -d "$program" "$work"/glow/lib/glow/*.so* | sed -nE 's/.*\(R(UN)?PATH\).*\[(.*)\]/\2/p' | grep -c '^/\|:/' || true)
[ "$paths" = 0 ] || fail "the program or a library looks for others in folders of this machine"
[ "$("$program" --version)" = "glow $version" ] || fail "--version says $("$program" --version)"
mv "$work/glow/lib/glow/libtorch_cpu.so" "$work/kept"
"$program" --version >/dev/null
# shellcheck disable=SC2016
completed() { # what bash offers for the last word
  (cd "$work" && PATH=$work/glow/bin:$PATH bash -c '
    source glow/share/bash-completion/completions/glow
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*"
    COMP_POINT=${#COMP_LINE} COMPREPLY=()
    _glow glow "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
    echo "${COMPREPLY[*]}"' bash "$@")
}
offers() { # the words that are expected, then the line
  local found
  found=$(completed "${@:2}")
  [ "$found" = "$1" ] || fail "bash completes '${*:2}' as '$found', expected '$1'"
}
offers train glow tra
offers "faces fashion-mnist" glow eval --model fa
offers "train test" glow eval --split t
offers "realnvp realnvp-toy realnvp-cifar10" glow train --preset realnvp
offers glow glow resume gl
awk '/^.SH VERBS/ { on = 1; next } /^.SH/ { on = 0 } on && /^\\fB/ { print $1 }' "$work/glow/share/man/man1/glow.1" |
  sed 's/\\fB//; s/\\fR//' >"$work/verbs"
[ "$(wc -l <"$work/verbs")" -gt 20 ] || fail "the manual names too few verbs"
while read -r verb; do
  "$program" help "$verb" >"$work/help" || fail "help $verb needs libtorch"
  "$program" "$verb" --help | cmp -s - "$work/help" || fail "$verb --help is not what help $verb prints"
done <"$work/verbs"
status=0
"$program" sample --model fashion-mnist --count 1 --out "$work/x.png" 2>"$work/said" || status=$?
[ "$status" = 1 ] || fail "without libtorch it ends with status $status"
grep -q '^Error: libtorch cannot be loaded: ' "$work/said" || fail "without libtorch it says: $(cat "$work/said")"
mv "$work/kept" "$work/glow/lib/glow/libtorch_cpu.so"

echo "Samples, from another working folder, through a link on PATH"
mkdir "$work/links" "$work/elsewhere"
ln -s ../glow/bin/glow "$work/links/glow"
(cd "$work/elsewhere" && PATH=$work/links:/usr/bin:/bin glow sample --model fashion-mnist --count 4 --seed 1 --out a.png)
.build/release/glow sample --model fashion-mnist --count 4 --seed 1 --out "$work/b.png" >/dev/null
cmp "$work/elsewhere/a.png" "$work/b.png" || fail "the installed program draws other samples than the built one"

echo "Without what it reads"
mv "$work/glow/share/glow" "$work/kept"
for asked in "import x.safetensors --layout normflows --size 32 --out $work/x" "serve --model $root/Models/fashion-mnist --port 0"; do
  status=0
  # shellcheck disable=SC2086
  (cd "$work/elsewhere" && "$program" $asked 2>"$work/said") || status=$?
  said=$(grep -c '^Error: the folder .* that comes with the program is missing' "$work/said" || true)
  [ "$status $said" = "1 1" ] || fail "glow $asked ends with $status: $(cat "$work/said")"
done
mv "$work/kept" "$work/glow/share/glow"

if [ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null; then
  echo "Where neither the clone nor Swift is to be seen"
  swift=$(dirname "$(dirname "$(readlink -f "$(command -v swift)")")")
  # A mount over the folder that holds the installation would hide that too.
  case $work in "$root"/* | "$swift"/*) fail "the temporary folder is within what is to be hidden" ;; esac
  # shellcheck disable=SC2016
  unshare -m bash -euc '
    for folder in "$1" "$2"; do mount -t tmpfs none "$folder"; done
    cd "$3/elsewhere"
    "$3/glow/bin/glow" sample --model faces --count 2 --out c.png
    "$3/glow/bin/glow" serve --port 0 >served 2>&1 &
    for _ in $(seq 240); do grep -q ^Studio: served && break; sleep 0.5; done
    address=$(sed -n "s/^Studio: //p" served)
    python3 -c "import sys, urllib.request; page = urllib.request.urlopen(sys.argv[1]).read(); assert b\"<html\" in page" "$address"
    kill %1
    wait %1' bash "$root" "$swift" "$work"
else
  echo "Not tried: hiding the clone needs root"
fi
echo "The installation works: $(du -sB 1000000 "$work/glow" | cut -f1) MB"
