#!/usr/bin/env bash
# That the program writes the same archive, and reads it, whatever number of threads it has and whatever instructions oneDNN may use.
#   GLOW   other builds of the program, which must write the same, too
set -euo pipefail
cd "$(dirname "$0")/../.."

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
programs=(.build/release/glow ${GLOW:-})
Scripts/odd_pictures.py "$folder/odd" >/dev/null

# pack PROGRAM NAME FLAGS...: two archives, one of a data set and one of odd pictures.
pack() {
  "$1" compress --data "$folder/some" --model fashion-mnist -q -f -o "$folder/$2.glz" "${@:3}"
  "$1" compress "$folder/odd" --model fashion-mnist -q -f -o "$folder/$2-odd.glz" "${@:3}"
  sha256sum "$folder/$2.glz" "$folder/$2-odd.glz" | cut -d ' ' -f 1 | tr '\n' ' '
}

mkdir -p "$folder/some/test" "$folder/some/train"
"${programs[0]}" sample --model fashion-mnist --temperature 1 --count 1100 --files --out "$folder/some/test" >/dev/null 2>&1
cp "$folder/some/test/"*00.png "$folder/some/train"
check() {
  local found
  found=$(pack "${@:2}")
  echo "$found ($1)"
  "$2" decompress "$folder/$3.glz" --model fashion-mnist -t -q
  : "${expected:=$found}"
  if [ "$found" != "$expected" ]; then
    echo "check_program: $1 writes another archive" >&2
    exit 1
  fi
}
for program in "${programs[@]}"; do
  for threads in 1 2 3; do check "$program, threads: $threads" "$program" a -T "$threads"; done
  for isa in SSE41 AVX2 AVX512_CORE DEFAULT; do
    ONEDNN_MAX_CPU_ISA=$isa check "$program, $isa" "$program" b
  done
done
