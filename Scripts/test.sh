#!/usr/bin/env bash
# All tests, in two processes side by side: those of the command line mostly wait for a program that they have started and that
# computes on one core. Each process takes about half of the time: the second one those suites of the command line whose
# names begin with L to Z. What it says is shown when both have ended. Takes the flags of `swift build`.
set -euo pipefail
cd "$(dirname "$0")/.."

# The tests, and a program of another family of models that they start.
for product in swift-glowPackageTests glow-with-nice; do Scripts/build.sh "$@" --product "$product"; done

log=$(mktemp)
trap 'rm -f "$log"' EXIT
# Without --ignore-lock the one would wait for the other to let go of the package.
run=(swift test "$@" --disable-testable-imports --skip-build --ignore-lock --no-parallel)
half='^CLITests\.[L-Z]'
"${run[@]}" --filter "$half" >"$log" 2>&1 &
second=$!
status=0
"${run[@]}" --skip "$half" || status=$?
wait "$second" || status=$?
cat "$log"
exit "$status"
