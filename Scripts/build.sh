#!/usr/bin/env bash
# `swift build` with the flags that are given, without SwiftPM's warnings of files in other packages, about which nobody here can
# do anything.
set -euo pipefail
cd "$(dirname "$0")/.."
files='^warning: .*found .* file[(]s[)] which are unhandled'
{ swift build "$@" 2>&1 >&3 | awk -v files="$files" '$0 ~ files { on = 1; next } on && /^    / { next } { on = 0; print; fflush() }' >&2; } 3>&1
