#!/usr/bin/env bash
# `swift build` with the flags that are given, without SwiftPM's warnings of files in other packages, about which nobody here can
# do anything.
set -euo pipefail
cd "$(dirname "$0")/.."
{ swift build "$@" 2>&1 >&3 | { grep -v "^warning: '[^']*': found .* file(s) which are unhandled" || true; } >&2; } 3>&1
