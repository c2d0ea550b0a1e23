#!/usr/bin/env bash
# All tests, in two processes side by side: those of the command line mostly wait for programs that they have started, which
# leaves a core to the others. Takes the flags of `swift build`. What the second process says is shown when both have ended.
set -euo pipefail
cd "$(dirname "$0")/.."

swift build "$@" --product swift-glowPackageTests

log=$(mktemp)
trap 'rm -f "$log"' EXIT
# Without --ignore-lock the one would wait for the other to let go of the package.
run=(swift test "$@" --disable-testable-imports --skip-build --ignore-lock --no-parallel)
"${run[@]}" --filter '^CLITests\.' >"$log" 2>&1 &
commands=$!
status=0
"${run[@]}" --skip '^CLITests\.' || status=$?
wait "$commands" || status=$?
cat "$log"
exit "$status"
