#!/usr/bin/env bash
# Feeds a parser of files from outside with inputs that libFuzzer makes under AddressSanitizer, and says what came of it.
# Found inputs are in .build-fuzz/found, the corpus in .build-fuzz/corpus. PARSER: one of them, or all; INPUTS: how many to
# try.
set -euo pipefail
cd "$(dirname "$0")/.."

parser=${PARSER:-all}
inputs=${INPUTS:-1000000}
export GLOW_FUZZING=1
swift build -c release --product fuzz --scratch-path .build-fuzz -Xswiftc -sanitize=fuzzer,address -Xswiftc -use-ld=lld
fuzz=.build-fuzz/release/fuzz
# The files that the parsers read, in memory where there is such a folder.
scratch=$(mktemp -d -p "$([ -d /dev/shm ] && echo /dev/shm || echo /tmp)")
trap 'rm -rf "$scratch"' EXIT
export TMPDIR=$scratch
# Deflate makes 4 MiB of 4 KiB; a file that asks for much more asks for what it cannot hold. Of each allocation one caller is kept, and
# little of what is freed: the usual traces would halve the speed.
export SWIFT_BACKTRACE=enable=no ASAN_OPTIONS=detect_leaks=0:malloc_context_size=1:quarantine_size_mb=16

run() {
  local corpus=.build-fuzz/corpus/$1 found=.build-fuzz/found/$1
  mkdir -p "$corpus" "$found"
  "$fuzz" seeds "$1" "$corpus"
  "$fuzz" "$1" -runs="$inputs" -max_len=4096 -malloc_limit_mb=32 -rss_limit_mb=4096 -timeout=10 \
    -print_final_stats=1 -artifact_prefix="$found/" "$corpus" >"$scratch/log" 2>&1 || {
    tail -n 60 "$scratch/log"
    echo "fuzz: $1: found an input, see $found"
    return 1
  }
  awk -v parser="$1" '/ cov: /{for (i = 1; i <= NF; i++) if ($i == "cov:") edges = $(i + 1)}
    /number_of_executed_units/{count = $2} /average_exec_per_sec/{rate = $2}
    END{printf "%-16s %9d inputs %6d edges %6d inputs/s\n", parser, count, edges, rate}' "$scratch/log"
}

names=$("$fuzz" list)
if [ "$parser" = all ]; then
  for name in $names; do run "$name"; done
elif grep -qx -e "$parser" <<<"$names"; then
  run "$parser"
else
  echo "fuzz: no parser is called $parser; PARSER is all or one of ${names//$'\n'/, }" >&2
  exit 1
fi
